/** What happened to one client, the latest first, a page at a time. */

import { expected } from "./api.js";
import { button, dot, h } from "./dom.js";
import { section } from "./side.js";
import { calendarDay, clock, exact, moment, precisely } from "./times.js";
import { transition } from "./wording.js";

const AT_ONCE = 12;

/** A part: {node, load()}. */
export function historyPart(client, { api, now }) {
  const list = h("ol", { class: "history" });
  const more = button("Earlier", "quiet", () => turn());
  more.hidden = true;
  const node = section("History", list, more);
  let before = null;
  let lastDay = "";
  let later = null; // the event that is shown above the next one

  async function load() {
    before = null;
    await turn(true);
  }

  async function turn(fresh = false) {
    try {
      const page = await api.events(client.client_id, {
        limit: AT_ONCE,
        ...(before ? { before } : {}),
      });
      if (fresh) list.replaceChildren();
      if (fresh) lastDay = "";
      if (fresh) later = null;
      list.append(...page.events.flatMap(items));
      before = page.before ?? null;
      more.hidden = before === null;
      node.hidden = !list.children.length;
    } catch (error) {
      expected(error);
      node.hidden = !list.children.length;
    }
  }

  function items(event) {
    const at = moment(event.at);
    const day = calendarDay(at, now());
    const heading = day === lastDay ? [] : [h("li", { class: "day-name" }, day)];
    lastDay = day;
    const restart = later && isRestartBetween(event, later) ? [restartItem(later)] : [];
    later = event;
    return [...restart, ...heading, item(event, at)];
  }

  return { node, load };
}

/** A restart awaits clients as late, which is no event: the next event does not follow on. */
export const isRestartBetween = (event, later) =>
  event.epoch !== later.epoch && event.after !== later.before;

const restartItem = (later) =>
  h("li", { class: "restart" }, `Server restarted before ${clock(moment(later.at))}`);

function item(event, at) {
  const silent = event.after === "offline" ? at - moment(event.last_seen) : 0;
  const after =
    silent >= 1 ? h("span", { class: "after" }, `silent for ${precisely(silent)}`) : null;
  const time = h("time", { datetime: event.at, title: exact(at) }, clock(at));
  return h("li", {}, time, dot(event.after), h("span", {}, transition(event)), after);
}
