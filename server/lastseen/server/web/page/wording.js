/** What the page says of clients, in words. Pure. */

import { ago, exact, moment, precisely, roughly } from "./times.js";
import { titleOf } from "./listing.js";

export const STATUSES = {
  online: "Online",
  late: "Late",
  offline: "Offline",
  unwatched: "Not watched",
};
export const VIAS = { tcp: "TCP", websocket: "WebSocket", http: "HTTP", lan: "LAN" };
export const AVAILABILITIES = { available: "Available", away: "Away", busy: "Busy" };

/** Why a client has its status (the reasons of transitions). */
export const REASONS = {
  registered: "registered",
  returned: "came back",
  left: "said goodbye",
  closed: "the link broke",
  timeout: "timed out",
  replaced: "replaced by another instance",
  kicked: "was kicked",
  silent: "fell silent",
};

/** How a channel of notifications is, by `stateOfChannel`. */
export const CHANNEL_STATES = {
  working: "Working",
  failing: "Failing, tried again",
  broken: "Broken: nothing is sent",
  off: "Disabled in the settings",
};

/** "off" for a disabled channel, otherwise the state that the server reports. */
export const stateOfChannel = ({ enabled, state }) => (enabled ? state : "off");

/** The names of broken channels. */
export const brokenChannels = (channels) =>
  channels.filter((channel) => stateOfChannel(channel) === "broken").map(({ name }) => name);

/** More changes at once than this are counted, not named, to those who listen. */
const NAMED = 3;

/** How it stands, for a row: "online for 3 hours", "last seen 3 minutes ago". */
export function standing(client, now) {
  if (client.status !== "online") return `last seen ${ago(moment(client.last_seen), now)}`;
  return `online for ${roughly(now - moment(client.since))}`;
}

/** The exact times behind it. */
export function standingExactly(client) {
  const since = `${STATUSES[client.status]} since ${exact(moment(client.since))}`;
  return client.status === "online"
    ? since
    : `Last seen ${exact(moment(client.last_seen))}\n${since}`;
}

/** The same as a sentence at the head of the panel. */
export function headline(client, now) {
  const long = precisely(now - moment(client.since));
  const why = client.status === "online" ? "" : REASONS[client.reason];
  return [`${STATUSES[client.status]} for ${long}`, why].filter(Boolean).join(", ");
}

export const CONTESTED =
  "Several processes share this id and replace each other. Give each an id of its own.";

/** Seconds for which a takeover is worth a warning: as long as the server counts it. */
const CONTESTED_FOR = 600;

/** Whether several processes share its id, so that each pushes the others out. */
export const isContested = ({ contested_at }, now) =>
  contested_at !== undefined && now - moment(contested_at) <= CONTESTED_FOR;

/** A transition of the history: "Offline, timed out". */
export const transition = ({ after, reason }) =>
  `${STATUSES[after] ?? after}, ${REASONS[reason] ?? reason}`;

/** What a strip shows, for those who do not see it. */
export function stripInWords(totals) {
  const parts = Object.entries(totals).filter(([, seconds]) => seconds >= 1);
  if (!parts.length) return "Nothing known of the last 24 hours";
  return parts.map(([kind, seconds]) => `${STATUSES[kind]} ${precisely(seconds)}`).join(", ");
}

/** What to say of clients whose status changed; `counts` of everyone. */
export function announcement(changed, counts) {
  if (!changed.length) return "";
  if (changed.length > NAMED) return `${changed.length} clients changed. ${counts.online} online.`;
  return changed.map((client) => `${titleOf(client)} is ${client.status}.`).join(" ");
}

/** The page's title; null where nobody knows how many there are. */
export const pageTitle = (counts) =>
  `${counts === null ? "?" : number(counts.online)} online · lastseen`;

/** What an empty list says. */
export function emptiness({ status, group, search }, knowsAnyone) {
  if (!knowsAnyone)
    return [
      "Nobody has been here yet",
      "Clients appear here the moment they register. Try: lastseen connect --id my-first-client",
    ];
  const what = search ? `“${search}”` : group ? `the group ${group}` : "this";
  if (status && !search && !group)
    return [`Nobody is ${status} now`, "Others are: choose Everyone above.", true];
  return [`Nobody matches ${what}`, "Try another word, or clear the filters.", true];
}

/** Of a client that is asked for and that nobody has heard of. */
export const nobody = (id) =>
  `Nobody called “${id}” is known: it has not been here yet, or was forgotten.`;

/** "12", "10,000". */
export const number = (value) => value.toLocaleString("en-GB");

/** Bytes: "84 MB". */
export function bytes(count) {
  const steps = [
    [1e9, "GB"],
    [1e6, "MB"],
    [1e3, "KB"],
  ];
  const [size, unit] = steps.find(([size]) => count >= size) ?? [1, "bytes"];
  return `${(count / size).toFixed(count / size < 10 && size > 1 ? 1 : 0)} ${unit}`;
}

/** The share of time online: "99.98 %", never rounded up to a hundred; "–" where nothing is known. */
export function percentage({ online, watched }) {
  if (!(watched > 0)) return "–";
  const share = Math.min(1, online / watched) * 100;
  if (share === 100) return "100 %";
  const digits = share >= 99 ? 100 : 10;
  return `${Math.floor(share * digits) / digits} %`;
}
