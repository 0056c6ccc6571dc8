/** Tells those who listen to the page what others see happen on it, a few times a minute at most. */

import { announcement } from "./wording.js";

/** Milliseconds between two announcements. */
const PAUSE = 4000;

export class Announcer {
  #changed = new Map();
  #statuses = new Map();

  /**
   * `counts()` is how many there are of each status; the words become the element's text.
   * `repeat(callback, milliseconds)` calls back for ever.
   */
  constructor(element, counts, repeat = setInterval) {
    repeat(() => {
      if (!this.#changed.size) return;
      element.textContent = announcement([...this.#changed.values()], counts());
      this.#changed.clear();
    }, PAUSE);
  }

  /** These clients are in a snapshot: the status of those not known yet is no change. */
  begin(clients) {
    for (const { client_id: id, status } of clients) {
      if (!this.#statuses.has(id)) this.#statuses.set(id, status);
    }
  }

  /** A client has changed: another status is announced, another note or name is not. */
  note(client) {
    const { client_id: id, status } = client;
    if (this.#statuses.get(id) === status) return;
    this.#statuses.set(id, status);
    this.#changed.set(id, client);
  }
}
