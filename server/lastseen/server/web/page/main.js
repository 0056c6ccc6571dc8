/** The page: what is known, what is looked at, and who tells whom. */

import { readAddress, writeAddress } from "./address.js";
import { Announcer } from "./announcer.js";
import { Api } from "./api.js";
import { Banner } from "./banner.js";
import { ChannelsView } from "./channels.js";
import { ChannelWatch } from "./channel_watch.js";
import { countByStatus } from "./clients.js";
import { ClientPanel } from "./client_panel.js";
import { HealthView } from "./health.js";
import { arrangement, groupNames, listing } from "./listing.js";
import { keep, readKept } from "./kept.js";
import { ListView } from "./list.js";
import { Live } from "./live.js";
import { SettingsView } from "./settings.js";
import { Side } from "./side.js";
import { StrangerPanel } from "./stranger.js";
import { Timelines } from "./timelines.js";
import { Toolbar } from "./toolbar.js";
import { brokenChannels, emptiness, pageTitle } from "./wording.js";

/** Milliseconds between two drawings: a thousand changes a second are drawn five times. */
const DRAW = 200;

/** Keys that lead into the list from anywhere. */
const STEPS = ["j", "k", "ArrowDown", "ArrowUp"];

/** Where the keys of folded groups are kept. */
const FOLDED = "lastseen.folded";

const place = (id) => document.getElementById(id);

class Page {
  api = new Api(new URL("../", import.meta.url));
  now = () => Date.now() / 1000 + this.api.ahead;
  timelines = new Timelines(this.api, () => this.#list.redraw());
  #channelWatch = new ChannelWatch(this.api, (channels) => this.channelsFound(channels));
  #live = new Live(this.api, this);
  #list = new ListView(place("list"), this);
  #toolbar = new Toolbar(
    { counts: place("counts"), choose: place("choose"), tools: place("tools") },
    this,
  );
  #side = new Side(place("side"), place("front"));
  #banner = new Banner(place("banner"), place("link"), () => this.#live.open());
  #announcer = new Announcer(place("announcer"), () => countByStatus(this.#live.everyone));
  #choice = readAddress(location.search);
  #folded = new Set(readKept(FOLDED, []));
  #toReveal = this.#choice.client;
  #changed = new Set();
  #timer = null;

  start() {
    this.#banner.show("connecting", this.now());
    this.#live.start();
    this.#channelWatch.look();
    this.#draw();
    setInterval(() => this.#tick(), 1000);
    addEventListener("popstate", () => this.#goBack());
    addEventListener("keydown", (event) => this.#press(event));
  }

  // --- what is told of everyone

  changed(ids) {
    for (const id of ids) {
      this.#changed.add(id);
      this.#announcer.note(this.#live.recordOf(id));
    }
    this.timelines.outdate(ids);
    this.#timer ??= setTimeout(() => this.#draw(), DRAW);
  }

  begun() {
    this.#announcer.begin(this.#live.everyone);
    this.timelines.outdateAll();
  }

  stateChanged(state) {
    this.#banner.show(state, this.now());
  }

  settingsChanged(view) {
    this.#side.content?.take?.(view);
  }

  /** The channels of notifications, as just read: a broken one is marked. */
  channelsFound = (channels) => {
    this.#toolbar.mark(brokenChannels(channels));
  };

  // --- what the list, the toolbar and the panels ask for

  timelineOf(clientId) {
    return this.timelines.of(clientId);
  }

  /** Whether there is a past to show. */
  get remembers() {
    return this.timelines.available;
  }

  onScreen(ids) {
    this.timelines.want(ids);
  }

  /** The last moment of which the page knows: without the server, nobody goes on being online. */
  lastTrue() {
    const now = this.now();
    return this.#banner.lostSince(now) ?? now;
  }

  /** Other filters, or another order. */
  choose(changes) {
    this.#toReveal = "";
    this.#go({ ...this.#choice, ...changes }, true);
  }

  clearFilters() {
    this.choose({ status: "", group: "", search: "" });
    this.#toolbar.focusSearch();
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
    if (!this.#choice.client || this.#choice.client === clientId) return;
    this.#address({ ...this.#choice, client: clientId }, true);
    this.#showSide(false);
  }

  fold(key) {
    if (!this.#folded.delete(key)) this.#folded.add(key);
    keep(FOLDED, [...this.#folded]);
    this.#toReveal = "";
    this.#draw();
  }

  /** The server knows a client that we did not. */
  found(record) {
    this.#live.learn(record);
    this.#draw();
  }

  forgotten = (clientId) => {
    this.#live.forget(clientId);
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
    this.#toReveal = this.#choice.client;
    this.#draw();
  }

  // --- drawing

  #draw() {
    clearTimeout(this.#timer);
    this.#timer = null;
    const { everyone, ready } = this.#live;
    this.#toolbar.show(
      this.#choice,
      arrangement(everyone),
      countByStatus(everyone),
      groupNames(everyone),
    );
    const rows = listing(everyone, this.#choice, this.#folded);
    this.#list.show(rows, this.#changed);
    if (this.#toReveal && this.#list.reveal(this.#toReveal)) this.#toReveal = "";
    this.#list.explain(rows.length || !ready ? null : emptiness(this.#choice, everyone.length > 0));
    this.#changed = new Set();
    this.#showSide(false);
    this.#entitle();
  }

  #showSide(toPanel) {
    const { view, client: id } = this.#choice;
    const show = (key, make) => this.#side.show(key, make, () => this.#close(), toPanel);
    const client = this.#live.recordOf(id);
    if (view === "settings") show(view, () => new SettingsView(this.api));
    else if (view === "health") show(view, () => new HealthView(this));
    else if (view === "channels") show(view, () => new ChannelsView(this));
    else if (client !== null) show(`client ${id}`, () => new ClientPanel(client, this));
    else if (id && this.#live.ready) show(`stranger ${id}`, () => new StrangerPanel(id, this));
    else this.#side.hide();
    if (client !== null) this.#side.content?.update?.(client);
    this.#list.select(id || null);
  }

  #tick() {
    this.#banner.tick(this.now());
    this.#list.tick(this.lastTrue());
    this.#side.content?.tick?.(this.lastTrue());
    this.#entitle();
  }

  #entitle() {
    const lost = this.#banner.lostSince(this.now()) !== null;
    document.documentElement.dataset.lost = lost;
    const title = pageTitle(lost ? null : countByStatus(this.#live.everyone));
    if (this.#live.ready && title !== document.title) document.title = title;
  }

  // --- keys

  #press(event) {
    const inField = (fields) => event.target.closest(fields) !== null;
    if (event.key === "Escape") return this.#escape(event);
    if (inField("input, dialog") || event.ctrlKey || event.metaKey || event.altKey)
      return undefined;
    if (event.key === "/") this.#toolbar.focusSearch();
    else if (!STEPS.includes(event.key) || inField("select") || this.#side.hasFocus)
      return undefined;
    else this.#list.step(event.key);
    return event.preventDefault();
  }

  /** Leave the search field, which keeps its text; or close the side. */
  #escape(event) {
    const { target } = event;
    if (target.closest("dialog")) return;
    if (target.id === "search") {
      event.preventDefault(); // or the browser would clear the field
      target.blur(); // also where the list has no row that takes the focus
      this.#list.focus();
    } else if (this.#choice.client || this.#choice.view) this.#close();
  }
}

new Page().start();
