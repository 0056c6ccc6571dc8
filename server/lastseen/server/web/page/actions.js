/** What can be done about one client: kick it while it is present, forget it while it is offline. */

import { expected } from "./api.js";
import { confirm } from "./confirm.js";
import { button, h, setText } from "./dom.js";
import { titleOf } from "./listing.js";

/** {node, update(client)} */
export function actions(client, { api, forgotten }) {
  const kick = button("Kick…", "", () => ask(kicking));
  const forget = button("Forget…", "danger", () => ask(forgetting));
  const problem = h("p", { class: "error", role: "alert" });
  const node = h(
    "section",
    { class: "part actions" },
    h("div", { class: "buttons" }, kick, forget),
    problem,
  );

  const kicking = {
    question: () => `Kick ${titleOf(client)}?`,
    why: "Its sessions end, and it is told not to come back by itself. Nothing is forgotten.",
    yes: "Kick",
    act: () => api.kick(client.client_id),
  };
  const forgetting = {
    question: () => `Forget ${titleOf(client)}?`,
    why: "It leaves the list, and its history is deleted. This cannot be undone.",
    yes: "Forget",
    act: () => api.forget(client.client_id).then(() => forgotten(client.client_id)),
  };

  async function ask({ question, why, yes, act }) {
    setText(problem, "");
    if (!(await confirm(question(), why, yes))) return;
    await act().catch((error) => setText(problem, expected(error).message));
  }

  function update(now) {
    client = now;
    kick.hidden = client.status === "offline";
    forget.hidden = client.status !== "offline";
  }

  return { node, update };
}
