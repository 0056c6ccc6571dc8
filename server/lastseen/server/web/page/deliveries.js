/** What was told about one client, and whether it arrived. */

import { h } from "./dom.js";
import { section } from "./side.js";
import { ago, exact, moment } from "./times.js";

const KINDS = { offline: "offline", online: "online again", flapping: "flapping", reminder: "still offline", mass_loss: "a mass loss" };
const STATES = { pending: "waiting", sent: "sent", failed: "failed", withdrawn: "not needed" };

/** A part: {node, load()}. Hidden where there is nothing to tell of. */
export function deliveriesPart(client, { api, now }) {
  const list = h("ol", { class: "deliveries" });
  const node = section("Deliveries", list);
  node.hidden = true;

  async function load() {
    try {
      const { deliveries } = await api.deliveries(client.client_id);
      list.replaceChildren(...deliveries.map((delivery) => item(delivery, now())));
      node.hidden = !deliveries.length;
    } catch {
      node.hidden = !list.children.length;
    }
  }

  return { node, load };
}

function item({ channel, kind, state, settled_at: settled, created_at: created, attempts = 0, error = "" }, now) {
  const at = moment(settled ?? created);
  const tries = attempts > 1 ? `${attempts} attempts` : "";
  const head = h("span", {}, h("bdi", { class: "strong" }, channel), ` ${KINDS[kind] ?? kind}`);
  const how = h("span", { class: `state ${state}` }, [STATES[state] ?? state, tries].filter(Boolean).join(", "));
  const time = h("time", { title: exact(at) }, ago(at, now));
  return h("li", {}, head, how, time, error ? h("p", { class: "error" }, error) : null);
}
