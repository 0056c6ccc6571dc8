/** The panel of a client that the page does not know: whether anybody does is for the server to say. */

import { expected } from "./api.js";
import { h, setText } from "./dom.js";
import { nobody } from "./wording.js";

/** Milliseconds before asking again where there was no answer. */
const RETRY = 3000;

export class StrangerPanel {
  #id;
  #owner;
  #words = h("p", { class: "note", role: "status" });
  #timer = null;
  #ended = false;

  /** `owner` has `api`, and `found(record)`: the server knows it. */
  constructor(id, owner) {
    this.#id = id;
    this.#owner = owner;
    const title = h("div", { class: "title-line" }, h("h2", {}, h("bdi", {}, id)));
    this.node = h(
      "div",
      { class: "panel", "data-stranger": id },
      h("header", { class: "about-client" }, title, this.#words),
    );
    this.#ask();
  }

  end() {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  async #ask() {
    try {
      const record = await this.#owner.api.client(this.#id);
      if (!this.#ended) this.#owner.found(record);
    } catch (error) {
      this.#explain(expected(error));
    }
  }

  #explain({ name, code, message }) {
    if (this.#ended) return;
    setText(this.#words, code === "unknown_client" ? nobody(this.#id) : message);
    if (name === "Unreachable") this.#timer = setTimeout(() => this.#ask(), RETRY);
  }
}
