/** The list of those offline, page by page, as often as there is reason to believe it changed. */

import { expected } from "./api.js";

/** Pages at most: 50,000 clients are more than anybody looks through, and fill some 50 MB. */
const PAGES = 50;
/** Milliseconds before trying again. */
const RETRY = 3000;

export class Walk {
  #api;
  #clients;
  #changed;
  #number = 0;

  /** `changed()` is called when there are others to show. */
  constructor(api, clients, changed) {
    this.#api = api;
    this.#clients = clients;
    this.#changed = changed;
  }

  /** Begin anew; a walk that is on its way is given up. */
  async begin() {
    this.#number += 1;
    const number = this.#number;
    const current = () => number === this.#number;
    this.#clients.beginWalk();
    try {
      if (await this.#goThrough(current)) this.#clients.endWalk();
      if (current()) this.#changed();
    } catch (error) {
      expected(error);
      setTimeout(() => current() && this.begin(), RETRY);
    }
  }

  /** Whether everyone was seen. */
  async #goThrough(current) {
    let after = null;
    for (let page = 0; page < PAGES; page += 1) {
      const answer = await this.#api.clients({ status: "offline", ...(after ? { after } : {}) });
      if (!current()) return false;
      this.#clients.takeOffline(answer.clients);
      this.#changed();
      after = answer.after ?? null;
      if (after === null) return true;
    }
    return false;
  }
}
