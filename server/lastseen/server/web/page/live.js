/** What the page knows of everyone, kept true: the stream, the walk through those offline, doubts. */

import { expected } from "./api.js";
import { Clients, Gap } from "./clients.js";
import { Stream } from "./stream.js";
import { Walk } from "./walk.js";

/** Milliseconds between two questions whether the stream is behind. */
const CHECK = 10_000;
/** Milliseconds after which those offline are listed anew: some were forgotten elsewhere. */
const WALK_AGAIN = 600_000;

export class Live {
  /** Whether everyone present has been told of once. */
  ready = false;
  #clients = new Clients();
  #api;
  #owner;
  #stream;
  #walk;

  /**
   * `owner` has `changed(ids)`, `begun()` for a snapshot that is in, `settingsChanged(view)` and
   * `stateChanged(state)` of the stream.
   */
  constructor(api, owner) {
    this.#api = api;
    this.#owner = owner;
    this.#stream = new Stream(api.url("api/events"), this);
    this.#walk = new Walk(api, this.#clients, () => owner.changed([]));
  }

  get everyone() {
    return [...this.#clients.all.values()];
  }

  recordOf(clientId) {
    return this.#clients.all.get(clientId) ?? null;
  }

  forget(clientId) {
    this.#clients.forget(clientId);
  }

  /** The record of a client that was asked for by its id. */
  learn(record) {
    this.#clients.learn(record);
  }

  start() {
    this.open();
    setInterval(() => this.#check(), CHECK);
    setInterval(() => this.#walk.begin(), WALK_AGAIN);
    // A page that was left may be kept by the browser, and would hold one of its six connections.
    addEventListener("pagehide", () => this.#stream.close());
    addEventListener("pageshow", ({ persisted }) => persisted && this.open());
    addEventListener("online", () => this.#stream.state === "lost" && this.open());
    document.addEventListener("visibilitychange", () => this.#check());
  }

  /** Open the stream anew. */
  open() {
    this.#stream.open();
  }

  // --- what the stream tells

  get position() {
    return this.#clients.position;
  }

  take(kind, data) {
    if (kind === "settings") return this.#owner.settingsChanged(data);
    const changed = this.#apply(kind, data);
    if (changed === null) return undefined;
    const news = this.ready ? changed : []; // what was so before anybody looked is none
    if (kind === "clients") this.#begin();
    return this.#owner.changed(news);
  }

  stateChanged(state) {
    this.#owner.stateChanged(state);
  }

  /** The ids that changed; null for none. */
  #apply(kind, data) {
    try {
      return kind === "clients" ? this.#clients.takePage(data) : this.#clients.takeDiff(data);
    } catch (error) {
      if (!(error instanceof Gap)) throw error;
      this.#clients.startAnew();
      this.open();
      return null;
    }
  }

  /** A snapshot is in: the server may be another one now, with another memory. */
  #begin() {
    this.ready = true;
    this.#walk.begin();
    this.#owner.begun();
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
}
