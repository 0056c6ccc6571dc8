/** A row of the list: a client, or the head of a group. */

import { dot, dotOf, drawDot, h, icon, s, setAttribute, setText } from "./dom.js";
import { titleOf } from "./listing.js";
import { columns, paths, totals } from "./strip.js";
import {
  AVAILABILITIES,
  STATUSES,
  VIAS,
  number,
  CONTESTED,
  isContested,
  standing,
  standingExactly,
  stripInWords,
} from "./wording.js";

/** A column of a row's strip is ten minutes. */
const COLUMNS = 144;
const HEIGHT = 14;

/** The columns of the list, as they are announced and headed. */
export const HEADINGS = ["Name", "Host", "Last 24 hours", "Via", "Seen"];

const cell = (kind, ...children) => h("span", { class: kind, role: "gridcell" }, ...children);

/** An SVG for a strip; `drawStrip` fills it. */
export function stripElement(count = COLUMNS, height = HEIGHT) {
  const kinds = ["online", "late", "offline", "unwatched"];
  const drawn = kinds.map((kind) => s("path", { class: kind }));
  const viewBox = `0 0 ${count} ${height}`;
  return s("svg", { class: "strip", viewBox, preserveAspectRatio: "none", role: "img", "aria-label": "Not loaded yet" }, ...drawn);
}

/** Draw a timeline; null: nothing is known yet. */
export function drawStrip(svg, timeline, count = COLUMNS, height = HEIGHT) {
  const drawn = timeline === null ? {} : paths(columns(timeline, count), height);
  for (const path of svg.children) setAttribute(path, "d", drawn[path.getAttribute("class")] ?? "");
  setAttribute(svg, "aria-label", timeline === null ? "Not loaded yet" : stripInWords(totals(timeline)));
}

export class ClientRow {
  #client = null;
  #timeline;
  #dot = dot("offline");
  #status = h("span", { class: "unseen" });
  #name = h("bdi", { class: "name" });
  #badge = h("span", { class: "badge" });
  #warning = h("span", { class: "badge", title: CONTESTED });
  #about = h("bdi", { class: "about" });
  #host = h("bdi", { class: "host" });
  #address = h("bdi", { class: "address" });
  #strip = stripElement();
  #via = cell("via");
  #seen = h("time", {});

  constructor() {
    const words = h(
      "span",
      { class: "words" },
      h("span", { class: "first" }, this.#name, this.#badge, this.#warning),
      this.#about,
    );
    this.node = h(
      "div",
      { class: "row", role: "row", "aria-level": "2", tabindex: "-1" },
      h("span", { class: "who", role: "rowheader" }, this.#dot, this.#status, words),
      cell("where", this.#host, this.#address),
      cell("day", this.#strip),
      this.#via,
      cell("seen", this.#seen),
    );
    this.node.addEventListener("animationend", () => this.node.classList.remove("changed"));
  }

  get clientId() {
    return this.#client.client_id;
  }

  /** Show a row of the listing. */
  show({ client, group }, timeline, now) {
    if (client !== this.#client) this.#describe(client, group);
    if (timeline !== this.#timeline) drawStrip(this.#strip, timeline);
    this.#timeline = timeline;
    this.tick(now);
  }

  /** Time has passed. */
  tick(now) {
    setText(this.#seen, standing(this.#client, now));
    setText(this.#warning, isContested(this.#client, now) ? "Shared id" : "");
  }

  /** Draw the eye to a change, quietly. */
  highlight() {
    this.node.classList.remove("changed");
    void this.node.offsetWidth; // or the animation would not begin anew
    this.node.classList.add("changed");
  }

  #describe(client, group) {
    this.#client = client;
    const { status, availability, note, hostname, address, groups } = client;
    this.node.dataset.client = client.client_id;
    this.node.dataset.status = status;
    drawDot(this.#dot, dotOf(client));
    setText(this.#status, `${STATUSES[status]}: `);
    setText(this.#name, titleOf(client));
    const speaks = status !== "offline" && availability !== "available";
    setText(this.#badge, speaks ? (AVAILABILITIES[availability] ?? availability) : "");
    setAttribute(this.#badge, "data-availability", availability);
    const id = titleOf(client) === client.client_id ? "" : client.client_id;
    const others = groups.filter((name) => name !== group).join(", ");
    setText(this.#about, [note, id, others].filter(Boolean).join(" · "));
    setText(this.#host, hostname || withoutPort(address));
    setText(this.#address, hostname ? withoutPort(address) : "");
    setText(this.#via, VIAS[client.via] ?? client.via);
    setAttribute(this.#seen, "title", standingExactly(client));
    setAttribute(this.#seen, "datetime", status === "online" ? client.since : client.last_seen);
  }
}

/** The port is of this one link, and tells nobody anything. */
const withoutPort = (address) => address.replace(/:\d+$/, "");

export class GroupRow {
  #title = h("bdi", { class: "title" });
  #count = h("span", { class: "count" });

  constructor() {
    const cells = cell("group-cell", icon("chevron"), this.#title, this.#count);
    this.node = h(
      "div",
      { class: "row group", role: "row", "aria-level": "1", tabindex: "-1" },
      cells,
    );
  }

  show({ by, title, online, total, folded }) {
    setText(this.#title, title);
    const all = by === "status"; // which says already how many of them are online
    setText(this.#count, all ? number(total) : `${number(online)} of ${number(total)} online`);
    setAttribute(this.node, "aria-expanded", String(!folded));
  }

  tick() {}

  highlight() {}
}
