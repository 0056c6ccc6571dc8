/** Above the list: how many there are, which of them to show, and the ways to the other views. */

import { dot, h, icon, setAttribute, setText } from "./dom.js";
import { plain } from "./plain.js";
import { number } from "./wording.js";

const COUNTS = [
  ["", "Everyone"],
  ["online", "Online"],
  ["late", "Late"],
  ["offline", "Offline"],
];

/** The views that the side can show, and the names of their buttons. */
const TOOLS = { health: "Health", channels: "Channels", settings: "Settings" };

/** Milliseconds after the last letter: whoever types is not to be kept up. */
const TYPING = 120;

export class Toolbar {
  #owner;
  #counts = new Map();
  #search;
  #group;
  #by;
  #sort;
  #tools = new Map();

  /** `owner` has `choose(changes)`, `view(name)`; `places` the elements to fill. */
  constructor(places, owner) {
    this.#owner = owner;
    this.#search = this.#searchField();
    this.#group = this.#select("group", "Group", [["", "All groups"]]);
    this.#by = this.#select("by", "Arrange by", [
      ["group", "By group"],
      ["status", "By status"],
      ["nothing", "In one list"],
    ]);
    this.#sort = this.#select("sort", "Sort", [
      ["name", "By name"],
      ["recent", "Latest first"],
    ]);
    places.counts.append(...COUNTS.map(([status, text]) => this.#countButton(status, text)));
    places.choose.append(
      this.#search.parentElement,
      ...[this.#group, this.#by, this.#sort].map((e) => e.parentElement),
    );
    places.tools.append(
      ...Object.entries(TOOLS).map(([view, text]) => this.#tool(view, text)),
      themeButton(),
    );
  }

  /** Show the choice, by what rows are arranged now, and the counts. */
  show(choice, by, counts, groups) {
    const all = counts.online + counts.late + counts.offline;
    for (const [status, { button, count }] of this.#counts) {
      setText(count, number(status ? counts[status] : all));
      setAttribute(button, "aria-pressed", String(choice.status === status));
    }
    this.#showGroups(groups, choice.group);
    this.#by.value = choice.by || by;
    this.#sort.value = choice.sort;
    if (document.activeElement !== this.#search) this.#search.value = choice.search;
    for (const [name, button] of this.#tools)
      setAttribute(button, "aria-pressed", String(choice.view === name));
  }

  /** Mark Health and Channels while channels are broken; `broken` are their names. */
  mark(broken) {
    const names = broken.join(", ");
    const plural = broken.length > 1 ? "channels" : "channel";
    for (const name of ["health", "channels"]) {
      const button = this.#tools.get(name);
      const text = broken.length ? `${TOOLS[name]} (broken ${plural}: ${names})` : TOOLS[name];
      setAttribute(button, "aria-label", plain(text));
      setAttribute(button, "title", plain(text));
      button.classList.toggle("marked", broken.length > 0);
    }
  }

  focusSearch() {
    this.#search.focus();
    this.#search.select();
  }

  #countButton(status, text) {
    const count = h("span", { class: "number" });
    const on = { click: () => this.#owner.choose({ status }) };
    const label = h("span", { class: "label" }, status ? dot(status) : null, text);
    const button = h(
      "button",
      { class: "count-button", type: "button", "data-status": status, on },
      count,
      label,
    );
    this.#counts.set(status, { button, count });
    return button;
  }

  #searchField() {
    let timer = null;
    const search = () => this.#owner.choose({ search: input.value.trim() });
    const type = () => {
      clearTimeout(timer);
      timer = setTimeout(search, TYPING);
    };
    const about = {
      type: "search",
      placeholder: "Search",
      "aria-label": "Search by name, id, host, address or note",
    };
    const more = {
      autocomplete: "off",
      spellcheck: "false",
      "aria-keyshortcuts": "/",
      maxlength: "128",
    };
    const input = h("input", { ...about, ...more, id: "search", on: { input: type } });
    h(
      "label",
      { class: "search" },
      icon("search"),
      input,
      h("kbd", { "aria-hidden": "true" }, "/"),
    );
    return input;
  }

  #select(name, label, options) {
    const choose = () => this.#owner.choose({ [name]: select.value });
    const select = h(
      "select",
      { "aria-label": label, name, on: { change: choose } },
      ...options.map(option),
    );
    h("span", { class: "select" }, select, icon("chevron"));
    return select;
  }

  /** Groups that were there are kept in the list while they are chosen. */
  #showGroups(groups, chosen) {
    const names = chosen && !groups.includes(chosen) ? [...groups, chosen] : groups;
    const shown = [...this.#group.options].slice(1).map(({ value }) => value);
    if (shown.length !== names.length || shown.some((name, i) => name !== names[i])) {
      this.#group.replaceChildren(
        option(["", "All groups"]),
        ...names.map((name) => option([name, name])),
      );
    }
    this.#group.value = chosen;
    this.#group.parentElement.hidden = !names.length;
  }

  #tool(view, text) {
    const on = { click: () => this.#owner.view(view) };
    const button = h(
      "button",
      { class: "tool", type: "button", "aria-label": text, title: text, on },
      icon(view),
      h("span", {}, text),
    );
    this.#tools.set(view, button);
    return button;
  }
}

const option = ([value, text]) => h("option", { value }, text);

const THEMES = { auto: "as the system has it", light: "light", dark: "dark" };

function themeButton() {
  const theme = () => document.documentElement.dataset.theme;
  const show = () => {
    button.replaceChildren(icon(theme()));
    setAttribute(button, "aria-label", `Colours: ${THEMES[theme()]}`);
    setAttribute(button, "title", `Colours: ${THEMES[theme()]}`);
  };
  const change = () => {
    window.lastseenTheme.choose(window.lastseenTheme.next());
    show();
  };
  const button = h("button", { class: "tool", type: "button", on: { click: change } });
  show();
  return button;
}
