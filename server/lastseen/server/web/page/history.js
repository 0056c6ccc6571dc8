/** What happened to one client, the latest first, a page at a time. */

import { expected } from "./api.js";
import { button, dot, h } from "./dom.js";
import { section } from "./side.js";
import { calendarDay, clock, exact, moment, precisely } from "./times.js";
import { transition } from "./wording.js";

/** Events of the first page, the second, and every later one: 5,000 events take seven pages. */
const PAGES = [12, 100, 1000];

/** A part: {node, load()}. */
export function historyPart(client, { api, now }) {
  const list = h("ol", { class: "history" });
  const more = button("Earlier", "quiet", () => turn());
  more.hidden = true;
  const node = section("History", list, more);
  let events = [];
  let before = null;
  let turns = 0;
  let lastDay = "";
  let later = null; // the event that is shown above the next one

  /** Add what happened since; the pages that were turned stay. */
  async function load() {
    await ask({ limit: PAGES[0] }, (page) => {
      const older = olderThan(events, page.events);
      const meets = older.length < events.length; // otherwise more happened than fits a page
      if (!meets) {
        turns = 1;
        before = page.before ?? null;
      }
      events = meets ? [...page.events, ...older] : page.events;
      lastDay = "";
      later = null;
      list.replaceChildren(...events.flatMap(items));
    });
  }

  async function turn() {
    const limit = PAGES[Math.min(turns, PAGES.length - 1)];
    more.disabled = true;
    await ask({ limit, before }, (page) => {
      turns += 1;
      before = page.before ?? null;
      events.push(...page.events);
      list.append(...page.events.flatMap(items));
    });
    more.disabled = false;
  }

  async function ask(query, take) {
    try {
      take(await api.events(client.client_id, query));
      more.hidden = before === null;
    } catch (error) {
      expected(error);
    }
    node.hidden = !list.children.length;
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

/** Two events of one client differ in this. */
const keyOf = ({ at, after, reason }) => `${at} ${after} ${reason}`;

/** The known events that are not on a newer page. */
function olderThan(known, page) {
  const keys = new Set(page.map(keyOf));
  return known.filter((event) => !keys.has(keyOf(event)));
}

function item(event, at) {
  const silent = event.after === "offline" ? at - moment(event.last_seen) : 0;
  const after =
    silent >= 1 ? h("span", { class: "after" }, `silent for ${precisely(silent)}`) : null;
  const time = h("time", { datetime: event.at, title: exact(at) }, clock(at));
  return h("li", {}, time, dot(event.after), h("span", {}, transition(event)), after);
}
