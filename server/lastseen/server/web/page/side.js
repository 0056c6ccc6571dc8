/** The side: a client, the settings or the health of the server, one at a time. */

import { h, icon } from "./dom.js";

/** From this width on there is room for the side beside the list. */
const WIDE = matchMedia("(min-width: 900px)");

export class Side {
  #element;
  #front;
  #shown = null;
  #key = null;

  /** `front` is what a narrow screen hides while the side is open. */
  constructor(element, front) {
    this.#element = element;
    this.#front = front;
    WIDE.addEventListener("change", () => this.#cover());
  }

  get content() {
    return this.#shown;
  }

  /**
   * Show content, an object with `title`, `node`, and maybe `tick(now)` and `end()`. The same `key`
   * stays as it is.
   */
  show(key, make, close, toPanel) {
    const fresh = key !== this.#key;
    if (fresh) {
      this.#shown?.end?.();
      this.#key = key;
      this.#shown = make();
      this.#fill(close);
    }
    if (toPanel || (fresh && !WIDE.matches))
      this.#element.querySelector("h2").focus({ preventScroll: true });
  }

  hide() {
    this.#shown?.end?.();
    this.#shown = this.#key = null;
    this.#element.hidden = true;
    this.#element.replaceChildren();
    this.#cover();
  }

  get hasFocus() {
    return this.#element.contains(document.activeElement);
  }

  #fill(close) {
    const button = h(
      "button",
      {
        class: "tool close",
        type: "button",
        "aria-label": "Close",
        title: "Close (Esc)",
        on: { click: close },
      },
      icon("close"),
    );
    this.#element.replaceChildren(h("div", { class: "side-bar" }, button), this.#shown.node);
    const heading = this.#element.querySelector("h2");
    heading.tabIndex = -1;
    heading.id = "side-title";
    this.#element.setAttribute("aria-labelledby", heading.id);
    this.#element.hidden = false;
    this.#element.scrollTop = 0;
    this.#cover();
  }

  #cover() {
    this.#front.inert = this.#shown !== null && !WIDE.matches;
  }
}

/** A part of the side under a heading. */
export const section = (title, ...content) =>
  h("section", { class: "part" }, h("h3", {}, title), ...content);

/** Facts as terms and descriptions; those that are empty are left out. */
export function facts(pairs) {
  const known = pairs.filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return h(
    "dl",
    { class: "facts" },
    ...known.map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))),
  );
}
