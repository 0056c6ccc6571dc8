/** What was told about one client, and whether it arrived. */

import { expected } from "./api.js";
import { button, h } from "./dom.js";
import { section } from "./side.js";
import { ago, exact, moment } from "./times.js";

const KINDS = {
  offline: "offline",
  online: "online again",
  flapping: "flapping",
  reminder: "still offline",
  mass_loss: "a mass loss",
};
const STATES = { pending: "waiting", sent: "sent", failed: "failed", withdrawn: "not needed" };

/** Milliseconds between two looks at what is still waiting. */
const LOOK_AGAIN = 5000;

/** A part: {node, load()}. Hidden where there is nothing to tell of. */
export function deliveriesPart(client, { api, now }) {
  const list = h("ol", { class: "deliveries" });
  const node = section("Deliveries", list);
  node.hidden = true;

  async function load() {
    try {
      const { deliveries } = await api.deliveries(client.client_id);
      list.replaceChildren(...deliveries.map((delivery) => item(delivery, now(), retry)));
      node.hidden = !deliveries.length;
      const waiting = deliveries.some(({ state }) => state === "pending");
      if (waiting && node.isConnected) setTimeout(load, LOOK_AGAIN);
    } catch (error) {
      expected(error);
      node.hidden = !list.children.length;
    }
  }

  async function retry(id) {
    await api.retry(id).catch(expected); // what became of it, the list tells
    await load();
  }

  return { node, load };
}

function item(delivery, now, retry) {
  const { id, channel, kind, state, attempts = 0, error = "" } = delivery;
  const at = moment(delivery.settled_at ?? delivery.created_at);
  const tries = attempts > 1 ? `${attempts} attempts` : "";
  const head = h("span", {}, h("bdi", { class: "strong" }, channel), ` ${KINDS[kind] ?? kind}`);
  const how = h(
    "span",
    { class: `state ${state}` },
    [STATES[state] ?? state, tries].filter(Boolean).join(", "),
  );
  const time = h("time", { title: exact(at) }, ago(at, now));
  const again = button("Try again", "quiet small", () => retry(id));
  const why = error ? h("p", { class: "error" }, error) : null;
  return h("li", {}, head, how, time, why, state === "failed" ? again : null);
}
