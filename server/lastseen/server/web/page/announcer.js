/** Tells those who listen to the page what others see happen on it, a few times a minute at most. */

import { announcement } from "./wording.js";

/** Milliseconds between two announcements. */
const PAUSE = 4000;

export class Announcer {
  #changed = new Map();

  /** `counts()` is how many there are of each status; the words become the element's text. */
  constructor(element, counts) {
    setInterval(() => {
      if (!this.#changed.size) return;
      element.textContent = announcement([...this.#changed.values()], counts());
      this.#changed.clear();
    }, PAUSE);
  }

  /** A client has changed. */
  note(client) {
    this.#changed.set(client.client_id, client);
  }
}
