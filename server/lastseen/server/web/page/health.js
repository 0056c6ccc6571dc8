/** How the server is. */

import { expected } from "./api.js";
import { button, h } from "./dom.js";
import { facts, section } from "./side.js";
import { ago, exact, moment, precisely } from "./times.js";
import { bytes, number, stateOfChannel } from "./wording.js";

/** Milliseconds between two looks. */
const LOOK_AGAIN = 2000;

const STORES = { none: "remembers nothing", working: "working", unavailable: "unavailable" };

export class HealthView {
  #api;
  #now;
  #body = h("div", { class: "parts" }, h("p", { class: "hint" }, "Asking…"));
  #timer;
  #found;
  #view;

  /** `owner` has `api`, `now()`, `channelsFound(channels)`, `view(name)`. */
  constructor(owner) {
    const { api, now, channelsFound } = owner;
    this.#found = channelsFound;
    this.#view = (name) => owner.view(name);
    this.#api = api;
    this.#now = now;
    this.node = h("div", { class: "panel" }, h("h2", {}, "Health"), this.#body);
    this.#timer = setInterval(() => this.#look(), LOOK_AGAIN);
    this.#look();
  }

  end() {
    clearInterval(this.#timer);
  }

  async #look() {
    if (document.hidden) return;
    const stats = await this.#api.stats().catch((error) => expected(error) && null);
    const channels = await this.#api.allChannels().catch((error) => expected(error) && null);
    if (channels !== null) this.#found(channels);
    if (stats === null) return;
    this.#body.replaceChildren(...parts(stats, this.#now()), ...channelParts(channels ?? [], this.#view));
  }
}

function parts(stats, now) {
  return [
    section("Server", facts(serverFacts(stats))),
    section("Signs of life", facts(lifeFacts(stats, now))),
    section("Reaper", facts(reaperFacts(stats, now))),
    section("Store", facts(storeFacts(stats))),
    ...(stats.lan ? [section("LAN", facts(lanFacts(stats.lan)))] : []),
  ];
}

/** How many channels there are; each broken one with its reason. */
function channelParts(channels, view) {
  if (!channels.length) return [];
  const broken = channels.filter((channel) => stateOfChannel(channel) === "broken");
  const reasons = broken.map(({ name, why = "" }) =>
    h("p", { class: "error" }, h("bdi", { class: "strong" }, name), ` is broken: ${why}`),
  );
  const count = [
    ["Channels", number(channels.length)],
    ["Broken", number(broken.length)],
    ["Pending", number(channels.reduce((sum, { pending = 0 }) => sum + pending, 0))],
  ];
  const open = broken.length ? button("Show channels", "small", () => view("channels")) : null;
  return [section("Notifications", facts(count), ...reasons, open)];
}

const serverFacts = (stats) => [
  [
    "Up for",
    h("span", { title: `since ${exact(moment(stats.started_at))}` }, precisely(stats.uptime)),
  ],
  ["Version", stats.version],
  ["Memory", bytes(stats.memory)],
  ["Connections", number(stats.connections)],
  ["Watchers", number(stats.watchers)],
  ["Offline clients in memory", number(stats.remembered)],
  ["Closed as slow", number(stats.slow_closes)],
  ["Refused", number(stats.refused)],
  ...(stats.idle_cut
    ? [["Idle connections are cut", `after ${precisely(stats.idle_cut.after)} (lastseen doctor)`]]
    : []),
];

const lifeFacts = (stats, now) => [
  ["Heartbeats received", number(stats.pings + (stats.beats ?? 0))],
  ["Last heartbeat", stats.last_heard ? ago(moment(stats.last_heard), now) : "none yet"],
  ["Timeouts detected", number(stats.transitions.timeout ?? 0)],
  ["Links that broke", number(stats.transitions.closed ?? 0)],
  ["Goodbyes", number(stats.transitions.left ?? 0)],
  ["Clients cleaned up", number(stats.forgotten ?? 0)],
];

const reaperFacts = (stats, now) => [
  ["Last pass", stats.last_pass ? ago(moment(stats.last_pass), now) : "none yet"],
  ["It took", milliseconds(stats.reaper_duration)],
  ["It was late by", milliseconds(stats.reaper_lateness)],
  ["Stalls left out", `${number(stats.stalls)}, ${precisely(stats.stalled)}`],
  ["Held after a mass loss", number(stats.held)],
];

const storeFacts = (stats) => [
  ["State", h("span", { class: `store ${stats.store ?? "none"}` }, STORES[stats.store ?? "none"])],
  ["Waiting to be written", number(stats.store_queued ?? 0)],
  ["Lost, as the store was away", number(stats.store_dropped ?? 0)],
  ["Failed writes", number(stats.store_failures ?? 0)],
];

const lanFacts = (lan) => [
  ["Members", number(lan.members ?? 0)],
  ["Datagrams sent", number(lan.sent ?? 0)],
  ["Datagrams received", number(lan.received ?? 0)],
];

const milliseconds = (seconds) => `${(seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0)} ms`;
