/** The last 24 hours of one client, large enough to read times from. */

import { expected } from "./api.js";
import { h, setText } from "./dom.js";
import { drawStrip, stripElement } from "./row.js";
import { section } from "./side.js";
import { at, readTimeline, totals } from "./strip.js";
import { minute, precisely } from "./times.js";
import { STATUSES } from "./wording.js";

/** A column is five minutes. */
const COLUMNS = 288;
const HEIGHT = 32;
/** Hours, from the left. */
const MARKS = [24, 18, 12, 6];

/** A part: {node, load()}. */
export function dayPart(client, { api }) {
  const strip = stripElement(COLUMNS, HEIGHT);
  const readout = h("p", { class: "readout" });
  const marks = MARKS.map((hours) => h("span", {}, `${hours} h ago`));
  const axis = h("div", { class: "axis", "aria-hidden": "true" }, ...marks, h("span", {}, "now"));
  const node = section("Last 24 hours", h("div", { class: "day" }, strip, axis), readout);
  let timeline = null;

  strip.addEventListener("pointermove", (event) => {
    const { left, width } = strip.getBoundingClientRect();
    setText(readout, timeline ? pointedAt(timeline, (event.clientX - left) / width) : "");
  });
  strip.addEventListener("pointerleave", () => summarize());
  const summarize = () => readout.replaceChildren(...(timeline ? legend(totals(timeline)) : []));

  async function load() {
    try {
      const drawn = await api.timelines([client.client_id]);
      timeline = readTimeline(drawn, drawn.timelines[0].spans);
      drawStrip(strip, timeline, COLUMNS, HEIGHT);
      summarize();
    } catch (error) {
      node.hidden = expected(error).code === "no_store";
    }
  }

  return { node, load };
}

/** "14:03 – 14:20 offline, 17 min" */
function pointedAt(timeline, share) {
  const span = at(timeline, timeline.since + share * (timeline.until - timeline.since));
  if (span === null) return "Not known yet";
  const until = span.until >= timeline.until ? "now" : minute(span.until);
  return `${minute(span.since)} – ${until}  ${STATUSES[span.status].toLowerCase()}, ${precisely(span.until - span.since)}`;
}

function legend(sums) {
  const known = Object.entries(sums).filter(([, seconds]) => seconds >= 1);
  return known.map(([kind, seconds]) => h("span", {}, `${STATUSES[kind]} ${precisely(seconds)}`));
}
