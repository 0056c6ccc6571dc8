/** Which clients are listed, in which groups and order: everyone known in, rows out. Pure. */

const RANKS = { online: 0, late: 1, offline: 2 };
const TITLES = { online: "Online", late: "Late", offline: "Offline" };

/** Where clients without a group stand; no group can have this name, it is too short. */
const NO_GROUP = "";
/** Digits of a number in a name, so that web-2 comes before web-10. */
const DIGITS = 12;

/**
 * Rows to show, in order.
 *
 * A row is {kind: "group", by, key, title, online, total, folded} or {kind: "client", key, client,
 * group}, `group` being the one under which it stands. A client in several groups has a row in each,
 * as in a contact list.
 *
 * `choice` is {status, group, search, by, sort}; `folded` the keys of groups that are closed.
 */
export function listing(records, choice, folded = new Set()) {
  const matching = records.filter(matches(choice));
  const by = choice.by || arrangement(records);
  const groups = bucketed(matching.sort(order(choice.sort)), by, choice);
  return [...groups.values()].sort(byRank(by)).flatMap((group) => rowsOf(group, by, folded));
}

/** By what they are arranged where nothing was chosen: groups, if anybody is in one. */
export const arrangement = (records) =>
  records.some(({ groups }) => groups.length) ? "group" : "status";

/** Whether a client fits the search and the group that were chosen. */
function matches({ group, search }) {
  const words = fold(search).split(/\s+/).filter(Boolean);
  return (client) =>
    (!group || client.groups.includes(group)) &&
    words.every((word) => haystack(client).includes(word));
}

function bucketed(clients, by, { status, group }) {
  const groups = new Map();
  for (const client of clients) {
    for (const name of namesOf(client, by, group)) {
      if (!groups.has(name)) groups.set(name, { name, online: 0, total: 0, clients: [] });
      const found = groups.get(name);
      found.total += 1;
      if (client.status === "online") found.online += 1;
      if (fits(client, status)) found.clients.push(client);
    }
  }
  return groups;
}

/** The status filter: "" is everyone, "present" those online or late. */
const fits = (client, status) =>
  !status || client.status === status || (status === "present" && client.status !== "offline");

function namesOf(client, by, group) {
  if (by === "status") return [client.status];
  if (by !== "group") return [NO_GROUP];
  if (group) return [group];
  return client.groups.length ? new Set(client.groups) : [NO_GROUP];
}

function rowsOf({ name, online, total, clients }, by, folded) {
  if (!clients.length) return [];
  const key = `${by}/${name}`;
  const group = by === "group" ? name : null;
  const rows = clients.map((client) => ({
    kind: "client",
    key: `${key}/${client.client_id}`,
    client,
    group,
  }));
  if (by === "nothing") return rows;
  const title = by === "status" ? TITLES[name] : name || "No group";
  const head = { kind: "group", by, key, title, online, total, folded: folded.has(key) };
  return head.folded ? [head] : [head, ...rows];
}

/** Statuses in their order, groups by name whatever it is ("online", "__proto__"), no group last. */
function byRank(by) {
  const rank = ({ name }) => (by === "status" ? RANKS[name] : Number(name === NO_GROUP));
  return (one, other) =>
    rank(one) - rank(other) || compare(natural(one.name), natural(other.name));
}

/** Those online first; within a status by name, or whose status or last sign of life is latest. */
function order(sort) {
  const rank = (client) => RANKS[client.status] ?? 9;
  const byName = (a, b) => compare(keyOf(a), keyOf(b)) || compare(a.client_id, b.client_id);
  if (sort !== "recent") return (a, b) => rank(a) - rank(b) || byName(a, b);
  const latest = (c) => (c.status === "online" ? c.since : c.last_seen) ?? "";
  return (a, b) => rank(a) - rank(b) || compare(latest(b), latest(a)) || byName(a, b);
}

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
/** Without case and accents, for searching and sorting. */
const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const natural = (text) => fold(text).replace(/\d+/g, (digits) => digits.padStart(DIGITS, "0"));

/** A character that is seen: no space, control or format character, and no letter without a shape. */
const VISIBLE = /[^\s\p{C}\p{Z}\u115f\u1160\u2800\u3164\uffa0]/u;

/** What a client is called: its id where its name shows nothing. */
export const titleOf = (client) =>
  VISIBLE.test(client.name) ? client.name.trim() : client.client_id;

const keyOf = remembered((client) => natural(titleOf(client)));
const haystack = remembered(({ client_id, name, hostname, address, note }) =>
  fold([client_id, name, hostname, address, note].join("\n")),
);

/** Ask once for each record: they are replaced, never changed. */
function remembered(make) {
  const known = new WeakMap();
  return (record) => {
    if (!known.has(record)) known.set(record, make(record));
    return known.get(record);
  };
}

/** The names of all groups, in order. */
export function groupNames(records) {
  const names = new Set(records.flatMap(({ groups }) => groups));
  return [...names].sort((a, b) => compare(natural(a), natural(b)));
}
