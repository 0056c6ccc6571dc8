/** Looks from time to time whether a channel is broken, so that the page can mark it. */

import { expected } from "./api.js";

/** Milliseconds between two looks: a broken channel waits for a person, so a minute is soon. */
const LOOK_AGAIN = 60_000;

export class ChannelWatch {
  #api;
  #found;

  /** `found(channels)` is called with all channels; none where the server has no store. */
  constructor(api, found) {
    this.#api = api;
    this.#found = found;
    setInterval(() => document.hidden || this.look(), LOOK_AGAIN);
  }

  async look() {
    try {
      this.#found(await this.#api.allChannels());
    } catch (error) {
      if (expected(error).code === "no_store") this.#found([]);
    }
  }
}
