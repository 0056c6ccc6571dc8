/** The panel of one client: what is known of it, what it did, and what can be done about it. */

import { expected } from "./api.js";
import { actions } from "./actions.js";
import { dayPart } from "./day.js";
import { dot, dotOf, drawDot, h, setText } from "./dom.js";
import { historyPart } from "./history.js";
import { titleOf } from "./listing.js";
import { facts, section } from "./side.js";
import { silencePart } from "./silence_part.js";
import { deliveriesPart } from "./deliveries.js";
import { ago, exact, moment, precisely } from "./times.js";
import { uptimePart } from "./uptime.js";
import { AVAILABILITIES, CONTESTED, VIAS, headline, isContested } from "./wording.js";

/** Milliseconds: the last sign of life of one that is online makes no change, so it is asked for. */
const LOOK_AGAIN = 5000;
/** Milliseconds between two looks at the strip and the uptime, which move on without a change. */
const REFRESH = 60_000;
/** Milliseconds until a change is in the server's history. */
const WRITTEN = 1500;

export class ClientPanel {
  #owner;
  #client;
  #heard;
  #dot = dot("offline");
  #title = h("h2", {});
  #headline = h("p", { class: "headline" });
  #note = h("p", { class: "note" });
  #warning = h("p", { class: "note" });
  #facts = h("div", {});
  #meta = h("div", { class: "meta" });
  #seen = h("span", {});
  #actions;
  #moving;
  #parts;
  #timers = [];

  /** `owner` has `api`, `now()`, `forgotten(id)`. */
  constructor(client, owner) {
    this.#owner = owner;
    this.#heard = client.last_seen;
    this.#actions = actions(client, owner);
    this.#moving = [dayPart(client, owner), uptimePart(client, owner)];
    this.#parts = [
      ...this.#moving,
      historyPart(client, owner),
      deliveriesPart(client, owner),
      silencePart(client, owner),
    ];
    const about = h(
      "header",
      { class: "about-client" },
      h("div", { class: "title-line" }, this.#dot, this.#title),
      this.#headline,
      this.#note,
      this.#warning,
    );
    const parts = this.#parts.map(({ node }) => node);
    this.node = h(
      "div",
      { class: "panel", "data-client": client.client_id },
      about,
      this.#facts,
      ...parts,
      this.#meta,
      this.#actions.node,
    );
    this.update(client);
    this.#load();
    this.#timers.push(setInterval(() => this.#lookAgain(), LOOK_AGAIN));
    this.#timers.push(setInterval(() => document.hidden || this.#refresh(), REFRESH));
  }

  /** Its record is this one now. */
  update(client) {
    if (client === this.#client) return;
    const changed = this.#client && this.#client.status !== client.status;
    this.#client = client;
    this.#heard = client.last_seen > this.#heard ? client.last_seen : this.#heard;
    this.#describe();
    this.#actions.update(client);
    if (changed) this.#timers.push(setTimeout(() => this.#load(), WRITTEN));
  }

  /** Time has passed. */
  tick(now) {
    setText(this.#headline, headline(this.#client, now));
    setText(this.#seen, ago(moment(this.#heard), now));
    this.#seen.title = exact(moment(this.#heard));
    setText(this.#warning, isContested(this.#client, now) ? CONTESTED : "");
  }

  end() {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #load() {
    for (const { load } of this.#parts) load();
  }

  #refresh() {
    for (const { load } of this.#moving) load();
  }

  async #lookAgain() {
    if (this.#client.status !== "online" || document.hidden) return;
    const record = await this.#owner.api
      .client(this.#client.client_id)
      .catch((error) => expected(error) && null);
    if (record?.last_seen > this.#heard) this.#heard = record.last_seen;
    this.tick(this.#owner.now());
  }

  #describe() {
    const client = this.#client;
    drawDot(this.#dot, dotOf(client));
    setText(this.#title, titleOf(client));
    const says = client.availability === "available" ? "" : AVAILABILITIES[client.availability];
    setText(this.#note, [says, client.note].filter(Boolean).join(": "));
    this.#facts.replaceChildren(
      facts([
        ["Last sign of life", this.#seen],
        ["Id", h("bdi", { class: "mono" }, client.client_id)],
        ["Host", client.hostname],
        ["Address", client.address],
        ["Via", VIAS[client.via] ?? client.via],
        ["Groups", client.groups.length ? chips(client.groups) : ""],
        ["Sessions", client.sessions > 1 ? String(client.sessions) : ""],
        ["Late after", client.every ? precisely(client.every) : ""],
        ["Offline after", client.timeout ? precisely(client.timeout) : ""],
      ]),
    );
    const meta = Object.entries(client.meta).map(([name, value]) => [
      name,
      h("bdi", {}, String(value)),
    ]);
    this.#meta.replaceChildren(...(meta.length ? [section("Meta", facts(meta))] : []));
    this.tick(this.#owner.now());
  }
}

const chips = (texts) =>
  h("span", { class: "chips" }, ...texts.map((text) => h("bdi", { class: "chip" }, text)));
