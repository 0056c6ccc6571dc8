/** The share of a day, a week and 30 days that a client was online. */

import { expected } from "./api.js";
import { h } from "./dom.js";
import { section } from "./side.js";
import { precisely, roughly } from "./times.js";
import { percentage } from "./wording.js";

/** A part: {node, load()}. */
export function uptimePart(client, { api }) {
  const figures = h("div", { class: "figures" });
  const node = section("Uptime", figures);

  async function load() {
    try {
      const { windows } = await api.uptime(client.client_id);
      figures.replaceChildren(...windows.map(figure));
    } catch (error) {
      expected(error);
      node.hidden = !figures.children.length;
    }
  }

  return { node, load };
}

function figure({ window, watched, online }) {
  const about =
    watched > 0 ? `${precisely(online)} online of ${precisely(watched)} watched` : "not watched";
  const share = percentage({ online, watched });
  return h(
    "div",
    { class: "figure", title: about },
    h("span", { class: "number" }, share),
    h("span", { class: "label" }, roughly(window)),
  );
}
