/** The silences that cover one client: start one, see their scope, end one. */

import { expected } from "./api.js";
import { confirm } from "./confirm.js";
import { button, h, setText } from "./dom.js";
import { titleOf } from "./listing.js";
import { section } from "./side.js";
import { concerns, coversOnly, literally, scopeInWords } from "./silences.js";
import { exact, moment, precisely } from "./times.js";

const LENGTHS = [
  [3600, "1 hour"],
  [8 * 3600, "8 hours"],
  [86_400, "1 day"],
  [7 * 86_400, "1 week"],
];

/** A part: {node, load()}. Hidden where the server tells nobody anything. */
export function silencePart(client, { api, now }) {
  const list = h("ul", { class: "silences" });
  const length = h(
    "select",
    { "aria-label": "For how long" },
    ...LENGTHS.map(([value, text]) => h("option", { value }, text)),
  );
  const reason = h("input", {
    type: "text",
    maxlength: 256,
    placeholder: "Reason",
    "aria-label": "Reason",
    autocomplete: "off",
  });
  const problem = h("p", { class: "error", role: "alert" });
  const silence = h("button", { class: "button", type: "submit" }, "Silence");
  const form = h(
    "form",
    { class: "silence-form" },
    h("span", { class: "select" }, length),
    reason,
    silence,
  );
  const node = section(
    "Silence",
    h("p", { class: "hint" }, "During a silence, no notification about this client is sent."),
    list,
    form,
    problem,
  );
  node.hidden = true;

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const request = { seconds: Number(length.value), client: literally(client.client_id) };
    act(() =>
      api.silence(reason.value.trim() ? { ...request, reason: reason.value.trim() } : request),
    );
  });

  async function act(change) {
    setText(problem, "");
    try {
      await change();
      reason.value = "";
      await load();
    } catch (error) {
      setText(problem, expected(error).message);
    }
  }

  async function load() {
    try {
      const found = await all(api);
      list.replaceChildren(...found.filter((silence) => concerns(silence, client)).map(item));
      node.hidden = false;
    } catch (error) {
      if (expected(error).status === 404) node.hidden = true;
    }
  }

  function item(silence) {
    const { id, until, reason: why = "" } = silence;
    const left = precisely(moment(until) - now());
    const end = button("End", "quiet", () => endIt(silence));
    const words = h(
      "span",
      { title: `until ${exact(moment(until))}` },
      `For ${left} more`,
      why ? ": " : "",
      h("bdi", {}, why),
    );
    const scope = coversOnly(silence, client)
      ? null
      : h("span", { class: "hint scope" }, "Applies to ", h("bdi", {}, scopeInWords(silence)));
    const about = h("div", {}, words, scope);
    return h("li", {}, about, id === undefined ? null : end);
  }

  /** A silence that covers other clients, too, ends only after a question. */
  async function endIt(silence) {
    if (!coversOnly(silence, client)) {
      const sure = await confirm(
        `End the silence of ${scopeInWords(silence)}?`,
        `It covers more than ${titleOf(client)}: notifications about all these clients start again.`,
        "End for all",
      );
      if (!sure) return;
    }
    await act(() => api.unsilence(silence.id));
  }

  return { node, load };
}

async function all(api) {
  const found = [];
  let after = null;
  do {
    const page = await api.silences(after);
    found.push(...page.silences);
    after = page.after ?? null;
  } while (after !== null);
  return found;
}
