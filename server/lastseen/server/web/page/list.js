/** The list as it is drawn: only what is on screen exists, whatever the number of clients. */

import { button, h, setAttribute } from "./dom.js";
import { Layout, keepPlace, stepTo } from "./layout.js";
import { ClientRow, GroupRow, HEADINGS } from "./row.js";

/** Rows drawn beyond either edge, so that scrolling finds them there. */
const MORE = 6;
/** More rows than these are not highlighted: when everything changes, nothing stands out. */
const HIGHLIGHTED = 30;

export class ListView {
  #owner;
  #layout = new Layout([], {});
  #shown = new Map();
  #active = null;
  #selected = null;
  #canvas = h("div", { class: "canvas", role: "rowgroup" });
  #pinned = new GroupRow();
  #head = headings();
  #grid;
  #clear = button("Clear filters", "", () => this.#owner.clearFilters());
  #empty = h("div", { class: "empty", hidden: true });

  /**
   * `owner` has `remembers`, `clearFilters()`, `open(clientId, toPanel)`, `fold(key)`, `timelineOf(clientId)`,
   * `onScreen(ids)`, `lastTrue()`, `moved(clientId)`.
   */
  constructor(parent, owner) {
    this.#owner = owner;
    const pinned = h(
      "div",
      { class: "pinned", "aria-hidden": "true", hidden: true },
      this.#pinned.node,
    );
    this.scroller = h("div", { class: "scroller" }, pinned, this.#canvas);
    this.#grid = h(
      "div",
      { class: "grid", role: "treegrid", "aria-label": "Clients" },
      this.#head,
      this.scroller,
    );
    parent.append(this.#grid, this.#empty);
    this.scroller.addEventListener("scroll", () => this.#draw(), { passive: true });
    this.scroller.addEventListener("keydown", (event) => this.#press(event));
    this.scroller.addEventListener("click", (event) => this.#click(event));
    this.scroller.addEventListener("focusin", (event) => this.#focused(event));
    new ResizeObserver(() => this.#resized()).observe(this.scroller);
  }

  /** Show these rows; those of `changed` ids are highlighted. */
  show(rows, changed = new Set()) {
    const before = this.#layout;
    this.#layout = new Layout(rows, this.#heights());
    this.#canvas.style.height = `${this.#layout.height}px`;
    setAttribute(this.#grid, "aria-rowcount", rows.length + 1);
    const { scrollTop, clientHeight } = this.scroller;
    const held = this.#canvas.contains(document.activeElement) ? this.#active : null;
    const place = keepPlace(before, this.#layout, scrollTop, clientHeight, held);
    if (place !== scrollTop) this.scroller.scrollTop = place;
    this.#draw();
    this.#highlight(changed);
  }

  /** Say why there is nothing to show: [title, text, isFiltered]; null: there is something. */
  explain(reason) {
    this.#empty.hidden = reason === null;
    this.#grid.hidden = reason !== null;
    if (reason === null) return;
    const [title, text, isFiltered = false] = reason;
    this.#empty.replaceChildren(
      h("h2", {}, title),
      h("p", {}, text),
      ...(isFiltered ? [this.#clear] : []),
    );
  }

  /** Mark a client as the one that the panel shows; null: none. */
  select(clientId) {
    if (clientId === this.#selected) return;
    this.#selected = clientId;
    this.#draw();
  }

  /** Scroll to a client's row, without moving the focus: whether it has one. */
  reveal(clientId) {
    const { rows } = this.#layout;
    const index = rows.findIndex(({ client }) => client?.client_id === clientId);
    if (index < 0) return false;
    const { scrollTop, clientHeight } = this.scroller;
    const covered = this.#heights().group;
    this.scroller.scrollTop = this.#layout.scrollTo(index, scrollTop, clientHeight, covered);
    this.#draw();
    return true;
  }

  /** Time has passed. */
  tick(now) {
    for (const { view } of this.#shown.values()) view.tick(now);
  }

  redraw() {
    this.#draw();
  }

  /** Put the focus on the row that last had it, or the first. */
  focus() {
    const index = Math.max(0, this.#layout.indexOf(this.#active));
    if (this.#layout.rows.length) this.#goTo(index);
  }

  /** The row that a key leads to; for keys pressed elsewhere on the page, too. */
  step(key) {
    const index = this.#layout.indexOf(this.#active);
    const perPage = Math.max(
      1,
      Math.floor(this.scroller.clientHeight / this.#heights().client) - 1,
    );
    const next = stepTo(key, index, this.#layout.rows.length, perPage);
    if (next === null) return false;
    this.#goTo(next);
    return true;
  }

  // --- drawing

  #heights() {
    const style = getComputedStyle(this.#grid);
    const length = (name) => Number.parseFloat(style.getPropertyValue(name));
    return { client: length("--row-height"), group: length("--group-height") };
  }

  #resized() {
    this.show(this.#layout.rows);
  }

  #draw() {
    const { scrollTop, clientHeight } = this.scroller;
    const { rows } = this.#layout;
    const [from, to] = this.#layout.range(scrollTop, scrollTop + clientHeight, MORE);
    const wanted = new Set();
    for (let i = from; i < to; i += 1) wanted.add(i);
    const active = this.#layout.indexOf(this.#active);
    if (active >= 0) wanted.add(active); // so that the focus is never lost by scrolling
    const keys = new Set([...wanted].map((i) => rows[i].key));
    for (const key of this.#shown.keys()) if (!keys.has(key)) this.#remove(key);
    for (const i of wanted) this.#place(rows[i], i);
    this.#pin(scrollTop);
    this.#grid.classList.toggle("no-past", !this.#owner.remembers);
    if (active < 0 && rows.length)
      this.#shown.get(rows[from].key)?.view.node.setAttribute("tabindex", "0");
    const clients = rows.slice(from, to).filter(({ kind }) => kind === "client");
    this.#owner.onScreen(clients.map(({ client }) => client.client_id));
  }

  #place(row, i) {
    let entry = this.#shown.get(row.key);
    if (entry === undefined) {
      entry = { view: row.kind === "group" ? new GroupRow() : new ClientRow(), key: row.key };
      this.#shown.set(row.key, entry);
      entry.view.node.dataset.key = row.key;
      this.#canvas.append(entry.view.node);
    }
    const { view } = entry;
    if (row.kind === "group") view.show(row);
    else view.show(row, this.#owner.timelineOf(row.client.client_id), this.#owner.lastTrue());
    view.node.style.transform = `translateY(${this.#layout.tops[i]}px)`;
    setAttribute(view.node, "aria-rowindex", i + 2); // the headings are the first
    setAttribute(view.node, "tabindex", row.key === this.#active ? 0 : -1);
    if (row.kind === "client")
      setAttribute(view.node, "aria-selected", String(row.client.client_id === this.#selected));
  }

  #remove(key) {
    this.#shown.get(key).view.node.remove();
    this.#shown.delete(key);
  }

  /** The head of the group that is being scrolled through stays in sight. */
  #pin(scrollTop) {
    const { rows, tops } = this.#layout;
    let index = rows.length ? this.#layout.at(scrollTop) : -1;
    while (index >= 0 && rows[index].kind !== "group") index -= 1;
    const needed = index >= 0 && tops[index] < scrollTop;
    this.#pinned.node.parentElement.hidden = !needed;
    if (!needed) return;
    this.#pinned.show(rows[index]);
    this.#pinned.node.dataset.key = rows[index].key;
  }

  #highlight(changed) {
    if (changed.size > HIGHLIGHTED) return;
    for (const { view } of this.#shown.values()) {
      if (view instanceof ClientRow && changed.has(view.clientId)) view.highlight();
    }
  }

  // --- acting

  #goTo(index) {
    const row = this.#layout.rows[index];
    this.#active = row.key;
    const { scrollTop, clientHeight } = this.scroller;
    const covered =
      row.kind === "group" || row.key.startsWith("nothing/") ? 0 : this.#heights().group;
    this.scroller.scrollTop = this.#layout.scrollTo(index, scrollTop, clientHeight, covered);
    this.#draw();
    this.#shown.get(row.key).view.node.focus({ preventScroll: true });
    if (row.kind === "client") this.#owner.moved(row.client.client_id);
  }

  #focused({ target }) {
    const key = target.closest("[data-key]")?.dataset.key;
    if (key === undefined || key === this.#active) return;
    const before = this.#shown.get(this.#active)?.view.node;
    before?.setAttribute("tabindex", "-1");
    this.#active = key;
    target.setAttribute("tabindex", "0");
  }

  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = this.#layout.rows[this.#layout.indexOf(this.#active)];
    if (row === undefined) return;
    const handled =
      row.kind === "group" ? this.#pressGroup(event.key, row) : this.#pressClient(event.key, row);
    if (handled || this.step(event.key)) {
      event.preventDefault();
      event.stopPropagation();
    }
  }

  #pressGroup(key, row) {
    const folds = { Enter: true, " ": true, ArrowLeft: !row.folded, ArrowRight: row.folded }[key];
    if (folds) this.#owner.fold(row.key);
    return folds ?? false;
  }

  /** Left goes to the head of the group, as in any tree. */
  #pressClient(key, { key: rowKey, client }) {
    if (key === "Enter" || key === " ") this.#owner.open(client.client_id, true);
    else if (key === "ArrowLeft") {
      let index = this.#layout.indexOf(rowKey);
      while (index > 0 && this.#layout.rows[index].kind !== "group") index -= 1;
      if (this.#layout.rows[index].kind === "group") this.#goTo(index);
    } else return false;
    return true;
  }

  #click(event) {
    const key = event.target.closest("[data-key]")?.dataset.key;
    const row = this.#layout.rows[this.#layout.indexOf(key)];
    if (row === undefined) return;
    if (row.kind === "group") this.#owner.fold(row.key);
    else this.#owner.open(row.client.client_id, false);
  }
}

function headings() {
  const cells = HEADINGS.map((text) => h("span", { role: "columnheader" }, text));
  return h("div", { class: "head", role: "row", "aria-rowindex": "1" }, ...cells);
}
