/** Says that the page has lost the server: since when, and that what is shown is old. */

import { button, h, setText } from "./dom.js";
import { clock, precisely } from "./times.js";

/** Seconds of loss that are not worth a word: a reconnect takes one. */
const PATIENCE = 1.5;

export class Banner {
  #element;
  #link;
  #since = null;
  #words = h("span", {});

  /** `link` is the small word beside the brand. */
  constructor(element, link, tryNow) {
    this.#element = element;
    this.#link = link;
    element.append(this.#words, button("Try now", "small", tryNow));
  }

  /** The stream is "connecting", "live" or "lost". */
  show(state, now) {
    this.#link.dataset.state = state;
    setText(this.#link, { connecting: "connecting", live: "live", lost: "lost" }[state]);
    this.#since = state === "lost" ? (this.#since ?? now) : null;
    this.tick(now);
  }

  /** Since when the server is lost, for longer than is worth a word; null: it is not. */
  lostSince(now) {
    return this.#since !== null && now - this.#since >= PATIENCE ? this.#since : null;
  }

  tick(now) {
    const lost = this.lostSince(now) !== null;
    if (lost) {
      setText(
        this.#words,
        `The server does not answer. What you see is from ${clock(this.#since)}; trying again.`,
      );
      this.#words.title = `for ${precisely(now - this.#since)}`;
    }
    if (this.#element.hidden === lost) this.#element.hidden = !lost;
  }
}
