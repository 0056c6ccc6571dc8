/** The last 24 hours of each client that is on screen: asked for many at a time, kept for a while. */

import { expected, timelinesPath } from "./api.js";
import { readTimeline } from "./strip.js";

/** The most clients of one question (docs/http.md). */
const AT_ONCE = 100;
/** Characters of a question: servers and proxies refuse addresses of more than 8 KB. */
const LONGEST = 6000;
/** Milliseconds: while somebody scrolls, clients come by whose strips nobody will look at. */
const SETTLE = 120;
/** Milliseconds until a change is in the server's history, and can be drawn. */
const WRITTEN = 1500;
/** Milliseconds for which a strip is as good as new: a third of a column of the strip. */
const FRESH = 180_000;
/** Milliseconds before asking again after a failure. */
const RETRY = 6000;
/** Strips kept at most; then those not asked for the longest go. */
const KEPT = 2000;

const BROWSER = {
  now: () => Date.now(),
  setTimeout: (callback, delay) => setTimeout(callback, delay),
  clearTimeout: (timer) => clearTimeout(timer),
};

export class Timelines {
  /** Whether the server remembers anything at all. */
  available = true;
  #api;
  #changed;
  #world;
  #known = new Map();
  #wanted = [];
  #timer = null;
  #at = 0;
  #asking = false;

  /**
   * `changed()` is called when there is something new to draw. `world` has clock and timers, in
   * milliseconds.
   */
  constructor(api, changed, world = BROWSER) {
    this.#api = api;
    this.#changed = changed;
    this.#world = world;
  }

  /** What is known of a client; null for nothing yet. */
  of(clientId) {
    return this.#known.get(clientId)?.timeline ?? null;
  }

  /** These are on screen now. */
  want(clientIds) {
    this.#wanted = [...new Set(clientIds)]; // one in two groups has two rows
    this.#arm(SETTLE);
  }

  /** These have changed: what is drawn of them is soon to be drawn anew. */
  outdate(clientIds) {
    const known = clientIds.filter((id) => this.#known.has(id));
    if (!known.length) return;
    const due = this.#world.now() + WRITTEN;
    for (const id of known) this.#known.get(id).due = Math.min(this.#known.get(id).due, due);
    this.#arm(WRITTEN);
  }

  /** Everything is to be asked for anew. */
  outdateAll() {
    this.available = true;
    this.outdate([...this.#known.keys()]);
    this.#arm(SETTLE);
  }

  #arm(delay) {
    if (!this.available) return;
    const at = this.#world.now() + delay;
    if (this.#timer !== null && this.#at <= at) return;
    this.#world.clearTimeout(this.#timer);
    this.#at = at;
    this.#timer = this.#world.setTimeout(() => {
      this.#timer = null;
      this.#ask();
    }, delay);
  }

  async #ask() {
    const ids = batch(this.#wanted.filter((id) => this.#due(id) <= this.#world.now()));
    if (this.#asking) return;
    this.#asking = true;
    try {
      if (ids.length) this.#keep(await this.#api.timelines(ids));
      this.#armForNext();
    } catch (error) {
      this.available = expected(error).code !== "no_store";
      this.#arm(RETRY);
    } finally {
      this.#asking = false;
    }
    if (ids.length) this.#changed();
  }

  /** When the next one on screen is due: now, where some did not fit, or came meanwhile. */
  #armForNext() {
    const next = Math.min(...this.#wanted.map((id) => this.#due(id)));
    if (Number.isFinite(next)) this.#arm(Math.max(SETTLE, next - this.#world.now()));
  }

  #due(id) {
    return this.#known.get(id)?.due ?? 0;
  }

  #keep(drawn) {
    for (const { client_id: id, spans } of drawn.timelines) {
      this.#known.delete(id); // so that it stands last: the order in which a Map forgets
      this.#known.set(id, { timeline: readTimeline(drawn, spans), due: this.#world.now() + FRESH });
    }
    for (const id of this.#known.keys()) {
      if (this.#known.size <= KEPT) break;
      this.#known.delete(id);
    }
  }
}

/** As many of these as one question may name. */
export function batch(ids) {
  const taken = ids.slice(0, AT_ONCE);
  while (taken.length > 1 && timelinesPath(taken).length > LONGEST) taken.pop();
  return taken;
}
