/** The page: what there is, what is looked at, and who tells whom. */

import { readAddress, writeAddress } from "./address.js";
import { Api, expected } from "./api.js";
import { Banner } from "./banner.js";
import { Clients, Gap, countByStatus } from "./clients.js";
import { ClientPanel } from "./client_panel.js";
import { HealthView } from "./health.js";
import { arrangement, groupNames, listing } from "./listing.js";
import { ListView } from "./list.js";
import { SettingsView } from "./settings.js";
import { Side } from "./side.js";
import { Stream } from "./stream.js";
import { Timelines } from "./timelines.js";
import { Toolbar } from "./toolbar.js";
import { Walk } from "./walk.js";
import { announcement, emptiness, pageTitle } from "./wording.js";

/** Milliseconds between two drawings: a thousand changes a second are drawn five times. */
const DRAW = 200;
/** Milliseconds between two questions whether the stream is behind. */
const CHECK = 10_000;
/** Milliseconds between two announcements to those who listen. */
const ANNOUNCE = 4000;
/** Milliseconds after which those offline are listed anew: some were forgotten elsewhere. */
const WALK_AGAIN = 600_000;

/** Keys that lead into the list from anywhere. */
const STEPS = ["j", "k", "ArrowDown", "ArrowUp"];

const place = (id) => document.getElementById(id);

class Page {
  #api = new Api(new URL("../", import.meta.url));
  #clients = new Clients();
  #choice = readAddress(location.search);
  #folded = new Set();
  #timer = null;
  #changed = new Set();
  #unannounced = new Map();
  #ready = false;

  constructor() {
    this.now = () => Date.now() / 1000 + this.#api.ahead;
    this.api = this.#api;
    this.timelines = new Timelines(this.#api, () => this.#list.redraw());
    this.#list = new ListView(place("list"), this);
    this.#toolbar = new Toolbar({ counts: place("counts"), choose: place("choose"), tools: place("tools") }, this);
    this.#side = new Side(place("side"), place("front"));
    this.#stream = new Stream(this.#api.url("api/events"), this);
    this.#banner = new Banner(place("banner"), place("link"), () => this.#stream.open());
    this.#walk = new Walk(this.#api, this.#clients, () => this.#later());
  }

  #list;
  #toolbar;
  #side;
  #stream;
  #banner;
  #walk;

  start() {
    this.#banner.show("connecting", this.now());
    this.#stream.open();
    this.#toolbar.show(this.#choice, arrangement([]), countByStatus([]), []);
    setInterval(() => this.#tick(), 1000);
    setInterval(() => this.#check(), CHECK);
    setInterval(() => this.#announce(), ANNOUNCE);
    setInterval(() => this.#walk.begin(), WALK_AGAIN);
    addEventListener("popstate", () => this.#goBack());
    addEventListener("keydown", (event) => this.#press(event));
    addEventListener("online", () => this.#stream.state === "lost" && this.#stream.open());
    document.addEventListener("visibilitychange", () => document.hidden || this.#check());
  }

  // --- what the stream tells

  get position() {
    return this.#clients.position;
  }

  take(kind, data) {
    if (kind === "settings") return this.#side.content?.take?.(data);
    const changed = this.#apply(kind, data);
    if (changed === null) return undefined;
    this.#note(changed);
    if (kind === "clients") this.#begin();
    return this.#later();
  }

  stateChanged(state) {
    this.#banner.show(state, this.now());
    document.documentElement.dataset.link = state;
    this.#later();
  }

  #apply(kind, data) {
    try {
      return kind === "clients" ? this.#clients.takePage(data) : this.#clients.takeDiff(data);
    } catch (error) {
      if (!(error instanceof Gap)) throw error;
      this.#clients.startAnew();
      this.#stream.open();
      return null;
    }
  }

  /** A snapshot is in: the server may be another one now, with another memory. */
  #begin() {
    this.#ready = true;
    this.#walk.begin();
    this.timelines.outdateAll();
  }

  #note(ids) {
    for (const id of ids) {
      this.#changed.add(id);
      if (this.#ready) this.#unannounced.set(id, this.#clients.all.get(id));
    }
    this.timelines.outdate(ids);
  }

  // --- what is asked of the list, the toolbar and the panels

  timelineOf(clientId) {
    return this.timelines.of(clientId);
  }

  onScreen(ids) {
    this.timelines.want(ids);
  }

  recordOf(clientId) {
    return this.#clients.all.get(clientId) ?? null;
  }

  /** Other filters, or another order. */
  choose(changes) {
    this.#go({ ...this.#choice, ...changes }, true);
  }

  /** Another view at the side; the same again closes it. */
  view(name) {
    const view = this.#choice.view === name ? "" : name;
    this.#go({ ...this.#choice, view, client: "" });
    if (view) this.#showSide(true);
  }

  /** A client in the panel. */
  open(clientId, toPanel) {
    this.#go({ ...this.#choice, client: clientId, view: "" });
    this.#showSide(toPanel);
  }

  /** The focus has moved to a client: an open panel follows. */
  moved(clientId) {
    if (this.#choice.client && this.#choice.client !== clientId) {
      this.#address({ ...this.#choice, client: clientId }, true);
      this.#showSide(false);
    }
  }

  fold(key) {
    if (!this.#folded.delete(key)) this.#folded.add(key);
    this.#draw();
  }

  forgotten = (clientId) => {
    this.#clients.forget(clientId);
    this.#close();
  };

  #close() {
    this.#go({ ...this.#choice, client: "", view: "" });
    this.#list.focus();
  }

  // --- the address

  #go(choice, replace = false) {
    this.#address(choice, replace);
    this.#draw();
  }

  #address(choice, replace) {
    this.#choice = choice;
    const address = location.pathname + writeAddress(choice);
    if (replace) history.replaceState(null, "", address);
    else history.pushState(null, "", address);
  }

  #goBack() {
    this.#choice = readAddress(location.search);
    this.#draw();
  }

  // --- drawing

  #later() {
    this.#timer ??= setTimeout(() => this.#draw(), DRAW);
  }

  #draw() {
    clearTimeout(this.#timer);
    this.#timer = null;
    const everyone = [...this.#clients.all.values()];
    const counts = countByStatus(everyone);
    if (this.#ready) document.title = pageTitle(counts);
    this.#toolbar.show(this.#choice, arrangement(everyone), counts, groupNames(everyone));
    const rows = listing(everyone, this.#choice, this.#folded);
    this.#list.show(rows, this.#changed);
    this.#list.explain(rows.length || !this.#ready ? null : emptiness(this.#choice, everyone.length > 0));
    this.#changed = new Set();
    this.#showSide(false);
  }

  #showSide(toPanel) {
    const { view, client: id } = this.#choice;
    const close = () => this.#close();
    const client = this.recordOf(id);
    if (view === "settings") this.#side.show(view, () => new SettingsView(this.#api), close, toPanel);
    else if (view === "health") this.#side.show(view, () => new HealthView(this), close, toPanel);
    else if (client !== null) this.#side.show(`client ${id}`, () => new ClientPanel(client, this), close, toPanel);
    else this.#side.hide();
    if (client !== null) this.#side.content?.update?.(client);
    this.#list.select(id || null);
  }

  #tick() {
    const now = this.now();
    this.#list.tick(now);
    this.#side.content?.tick?.(now);
    this.#banner.tick(now);
  }

  #announce() {
    const changed = [...this.#unannounced.values()].filter(Boolean);
    this.#unannounced.clear();
    const counts = countByStatus(this.#clients.all.values());
    if (changed.length) place("announcer").textContent = announcement(changed, counts);
  }

  /** Whether the stream is alive, by asking in another way. */
  async #check() {
    if (document.hidden || this.#stream.state !== "live") return;
    try {
      const { epoch, revision } = await this.#api.stats();
      this.#stream.compare(epoch, revision);
    } catch (error) {
      expected(error);
      if (this.#stream.state === "live") this.#stream.lose();
    }
  }

  // --- keys

  #press(event) {
    if (event.key === "Escape") return this.#escape(event);
    const inField = (fields) => event.target.closest(fields) !== null;
    if (inField("input, dialog") || event.ctrlKey || event.metaKey || event.altKey) return undefined;
    if (event.key === "/") this.#toolbar.focusSearch();
    else if (!STEPS.includes(event.key) || inField("select") || this.#side.hasFocus) return undefined;
    else this.#list.step(event.key);
    return event.preventDefault();
  }

  /** Out of the search, then out of the side. */
  #escape(event) {
    if (event.target.closest("dialog")) return;
    if (event.target.id === "search") {
      if (!this.#toolbar.clearSearch()) this.#list.focus();
    } else if (this.#choice.client || this.#choice.view) this.#close();
  }
}

new Page().start();
