/**
 * Everyone known: who is present as the stream tells it, who is offline as the list tells it. Pure.
 *
 * The stream is the authority on who is present. Those offline come by pages of a list, a *walk*,
 * while the stream goes on; what the stream has said of a client since a walk began wins over it.
 */

import { View } from "../lastseen.js";

export { Gap } from "../lastseen.js";

/** Fields that a record leaves out where they are empty. */
const EMPTY = {
  name: "",
  hostname: "",
  groups: [],
  meta: {},
  availability: "available",
  note: "",
  via: "tcp",
  address: "",
  sessions: 0,
};

export class Clients {
  /** Records by client_id. */
  all = new Map();
  #view = new View();
  #walk = null;

  get epoch() {
    return this.#view.epoch;
  }

  get revision() {
    return this.#view.revision;
  }

  /** Where a new stream may go on from, as `Last-Event-ID`; "" for the beginning. */
  get position() {
    return this.epoch === null ? "" : `${this.epoch}:${this.revision}`;
  }

  /**
   * A `clients` event: the ids that changed, or null while pages are still to come.
   * Whoever was present before and is not in the snapshot went while nobody told us.
   */
  takePage(page) {
    if (page.first) this.#view.abandonSnapshot();
    return this.#follow(this.#view.apply({ ...page, type: "client_list" }));
  }

  /**
   * A `diff` event: the ids that changed, or null if it changes nothing.
   * @throws {Gap} Something was missed.
   */
  takeDiff(diff) {
    return this.#follow(this.#view.apply({ ...diff, type: "diff" }));
  }

  /** A stream that begins anew sends a snapshot. */
  startAnew() {
    this.#view.abandonSnapshot();
    this.#view.forgetPosition();
  }

  /** Begin to take in the list of those offline; a walk that has not ended is given up. */
  beginWalk() {
    this.#walk = { listed: new Set(), told: new Set() };
  }

  /** A page of the walk: the ids that changed. */
  takeOffline(records) {
    const changed = [];
    for (const record of records) {
      this.#walk.listed.add(record.client_id);
      if (this.#knowsBetter(record.client_id)) continue;
      changed.push(record.client_id);
      this.all.set(record.client_id, { ...EMPTY, ...record });
    }
    return changed;
  }

  /** The walk has seen everyone: whoever is offline here and was not listed is forgotten. */
  endWalk() {
    const gone = [...this.all.keys()].filter(
      (id) => !this.#walk.listed.has(id) && !this.#knowsBetter(id),
    );
    for (const id of gone) this.all.delete(id);
    this.#walk = null;
    return gone;
  }

  /** A client that was asked for by its id: what is known of it already is newer. */
  learn(record) {
    if (!this.all.has(record.client_id)) this.all.set(record.client_id, { ...EMPTY, ...record });
  }

  /** A client was forgotten. */
  forget(clientId) {
    if (!this.#view.clients.has(clientId)) this.all.delete(clientId);
  }

  #knowsBetter(clientId) {
    return this.#view.clients.has(clientId) || this.#walk.told.has(clientId);
  }

  #follow(change) {
    if (change === null) return null;
    const { joins, leaves, updates } = change;
    for (const record of [...joins, ...updates]) this.all.set(record.client_id, record);
    for (const record of leaves) this.#leave(record);
    return [...joins, ...leaves, ...updates].map(({ client_id }) => client_id);
  }

  #leave(record) {
    const told = record.status === "offline";
    const offline = told
      ? record
      : { ...record, status: "offline", reason: "", since: record.last_seen };
    if (told) this.#walk?.told.add(record.client_id);
    this.all.set(record.client_id, offline);
  }
}

/** How many there are of each status. */
export function countByStatus(records) {
  const counts = { online: 0, late: 0, offline: 0 };
  for (const { status } of records) counts[status] += 1;
  return counts;
}
