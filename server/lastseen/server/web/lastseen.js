/**
 * A web page that is present while it is open, and knows who else is.
 *
 * One file, as a page without a build step wants it. Its first half decides and is pure: messages,
 * moments and random numbers are arguments. Its second half (`Link`, `Presence`) acts, by way of a
 * `world` of WebSocket, clocks, timers and page events that tests replace. Moments and durations
 * are in seconds. The protocol is docs/protocol.md; the reasons are docs/browser.md.
 */

export const SUBPROTOCOL = "lastseen.json";

/** A pause is drawn from 0 to a ceiling that doubles from first to longest (protocol.md). */
const FIRST_CEILING = 0.5;
const LONGEST_CEILING = 20;
/** A link that stood for so long lets the pauses start from the first again (protocol.md). */
const STEADY = LONGEST_CEILING;
/** A goodbye that asks for less asks for none; nobody keeps us away for longer (protocol.md). */
const SHORTEST_WAIT = 0.05;
const LONGEST_WAIT = 3600;

/** From dialling to `registered`: what the server itself grants a stranger (protocol.md). */
const OPEN_DEADLINE = 10;
/** Without a pong for so long the link is dead (protocol.md). */
const PONG_DEADLINE = 10;
/** The same where there is reason for doubt: the page slept, or the network changed. */
const CHECK_DEADLINE = 5;
/** For the goodbye that may follow a refusal: the server sends both at once. */
const GOODBYE_DEADLINE = 1;
/** For the answer to `leave`: the server answers at once, or will miss our pings anyway. */
const LEAVE_DEADLINE = 2;

/** Timers of hidden pages are up to 1 s late; what is later than this, we slept through. */
const STALL = 3;
/** A visible page looks at its clocks so often, to notice soon that the machine slept. */
const GLANCE = 15;
/** A hidden one wakes for nothing but its pings; a timer holds at most 24 days. */
const LONGEST_TIMER = 3600;
/** The server's own bound (FASTEST): a slip of its hand makes nobody ping without a pause. */
const SHORTEST_INTERVAL = 0.05;

/** Our close codes: gone on purpose, which the server takes as `left`; or about to come back. */
const GONE = 1000;
const COMING_BACK = 4000;

const AVAILABILITIES = ["available", "away", "busy"];
const LONGEST_NOTE = 256;

/** The server understood, and said no. */
export class Refused extends Error {
  name = "Refused";
  constructor({ code, message, retry_after: retryAfter }) {
    super(message);
    this.code = code;
    this.retryAfter = retryAfter ?? null;
  }
}

/** It is over: the server said goodbye for good, or could not be reached, or the page closed it. */
export class Ended extends Error {
  name = "Ended";
}

/** What has come does not follow what the view holds: something was missed. */
export class Gap extends Error {
  name = "Gap";
}

// --- what decides ------------------------------------------------------------------------------

/** A message of the server; null for anything else that may come. */
export function readMessage(data) {
  if (typeof data !== "string") return null;
  try {
    const message = JSON.parse(data);
    return typeof message?.type === "string" ? message : null;
  } catch {
    return null;
  }
}

/** Where `url` leads as a WebSocket; it may be relative to `base`, and of http(s). */
export function socketUrl(url, base) {
  const target = new URL(url, base);
  target.protocol = target.protocol.replace(/^http/, "ws");
  target.hash = "";
  return target.href;
}

/** Pauses without end: full jitter, so that who fell together comes back apart. */
export function* fullJitter(random) {
  for (let ceiling = FIRST_CEILING; ; ceiling = Math.min(2 * ceiling, LONGEST_CEILING)) {
    yield random() * ceiling;
  }
}

const usable = (seconds) => Number.isFinite(seconds) && seconds >= 0;

/** How long the server asked us to stay away: 0 where it did not, or asked for what cannot be. */
export function askedWait({ goodbye, error }) {
  const exactly = goodbye?.retry_after;
  if (usable(exactly) && exactly >= SHORTEST_WAIT) return Math.min(exactly, LONGEST_WAIT);
  return usable(error?.retry_after) ? Math.min(error.retry_after, LONGEST_WAIT) : 0;
}

/**
 * The pause before the next attempt. A goodbye's `retry_after` is kept to exactly: the server has
 * spread its clients out itself. An error's is the same for everyone, so jitter comes on top.
 */
export function pauseAfter(end, pauses) {
  const exactly = usable(end.goodbye?.retry_after) && end.goodbye.retry_after >= SHORTEST_WAIT;
  return askedWait(end) + (exactly ? 0 : pauses.next().value);
}

/** The end that a goodbye makes; the last error belongs to it where it names the same thing. */
export function endOf(goodbye, lastError) {
  const error = lastError?.code === goodbye.reason ? lastError : null;
  const words = [goodbye.reason, goodbye.message].filter(Boolean).join(": ");
  const reason = error?.message ?? `the server said goodbye: ${words}`;
  return { reason, reconnect: goodbye.reconnect === true, goodbye, error };
}

/** Moments that count the time a machine slept, also where its monotonic clock slept with it. */
export class Clock {
  #monotonic;
  #wall;
  #ahead;
  #slept = 0;

  /** Both give seconds, as `performance.now` and `Date.now` do in milliseconds. */
  constructor(monotonic, wall) {
    this.#monotonic = monotonic;
    this.#wall = wall;
    this.#ahead = wall() - monotonic();
  }

  /** A wall clock set forward looks like sleep, and costs one check; set back, like nothing. */
  now() {
    const monotonic = this.#monotonic();
    const ahead = this.#wall() - monotonic;
    if (ahead - this.#ahead > STALL) this.#slept += ahead - this.#ahead;
    this.#ahead = ahead;
    return monotonic + this.#slept;
  }
}

/**
 * The id that tells the server "the same page reconnects", kept with the tab so that a reload is
 * the same. It is taken out while a page uses it: "duplicate tab" copies what is in sessionStorage,
 * and two pages with one instance would push each other out for ever.
 */
export class Instance {
  #storage;
  #key;

  constructor(storage, clientId, random) {
    this.#storage = storage;
    this.#key = `lastseen.instance:${clientId}`;
    const kept = storage?.getItem(this.#key);
    this.id = /^[0-9a-f]{32}$/.test(kept ?? "") ? kept : randomId(random);
    this.take();
  }

  take() {
    this.#storage?.removeItem(this.#key);
  }

  putBack() {
    try {
      this.#storage?.setItem(this.#key, this.id);
    } catch {
      // A full storage: then the reloaded page is a new instance, which the server allows.
    }
  }
}

function randomId(random) {
  const digit = () => Math.floor(random() * 16).toString(16);
  return Array.from({ length: 32 }, digit).join("");
}

/** Everyone present, kept exact by a snapshot and the diffs after it. */
export class View {
  /** Records by client_id: one Map for ever, changed in place. */
  clients = new Map();
  epoch = null;
  revision = null;
  #coming = null;
  #comingRevision = 0;

  /**
   * Take in the next message of a watch: {joins, leaves, updates}, or null while nothing can be
   * said. Until the last page of a snapshot is in, the view stays what it was.
   * @throws {Gap} A diff of another epoch, or one that skips a revision.
   */
  apply(message) {
    if (typeof message.epoch !== "string" || !Number.isSafeInteger(message.revision)) return null;
    if (message.type === "client_list") return this.#applyPage(message);
    if (this.#coming === null) return this.#applyDiff(message);
    applyTo(this.#coming, message);
    this.#comingRevision = Math.max(this.#comingRevision, message.revision);
    return null;
  }

  /** Forget the pages of a snapshot whose last one will not come. */
  abandonSnapshot() {
    this.#coming = null;
  }

  /** Make the next watch ask for a snapshot; the records stay, to compare with. */
  forgetPosition() {
    this.epoch = this.revision = null;
  }

  #applyPage(page) {
    if (this.#coming === null) [this.#coming, this.#comingRevision] = [new Map(), 0];
    for (const record of recordsOf(page.clients)) this.#coming.set(record.client_id, record);
    this.#comingRevision = Math.max(this.#comingRevision, page.revision);
    if (typeof page.after === "string") return null;
    const now = this.#coming;
    this.#coming = null;
    [this.epoch, this.revision] = [page.epoch, this.#comingRevision];
    return this.#become(now);
  }

  #become(now) {
    const records = [...now.values()];
    const joins = records.filter((record) => !this.clients.has(record.client_id));
    const leaves = [...this.clients.values()].filter((record) => !now.has(record.client_id));
    const updates = records.filter((record) => {
      const before = this.clients.get(record.client_id);
      return before !== undefined && JSON.stringify(before) !== JSON.stringify(record);
    });
    this.clients.clear();
    for (const record of records) this.clients.set(record.client_id, record);
    return { joins, leaves, updates };
  }

  #applyDiff(diff) {
    const follows = this.revision !== null && diff.epoch === this.epoch;
    if (!follows || diff.revision > this.revision + 1) throw new Gap();
    if (diff.revision <= this.revision) return null;
    this.revision = diff.revision;
    return applyTo(this.clients, diff);
  }
}

function applyTo(records, diff) {
  const [joins, leaves, updates] = [diff.joins, diff.leaves, diff.updates].map(recordsOf);
  for (const record of [...joins, ...updates]) records.set(record.client_id, record);
  for (const record of leaves) records.delete(record.client_id);
  return { joins, leaves, updates };
}

/** The records of a list, with the defaults that the wire leaves out. */
function recordsOf(list) {
  if (!Array.isArray(list)) return [];
  return list.filter((record) => typeof record?.client_id === "string").map(withDefaults);
}

const withDefaults = (record) => ({
  name: "",
  hostname: "",
  groups: [],
  meta: {},
  availability: "available",
  note: "",
  via: "tcp",
  address: "",
  sessions: 0,
  ...record,
});

function checkAvailability(availability, note) {
  if (!AVAILABILITIES.includes(availability)) {
    const names = AVAILABILITIES.join(", ");
    throw new RangeError(`availability: expected one of ${names} or null, got ${availability}`);
  }
  if (typeof note !== "string" || [...note].length > LONGEST_NOTE) {
    throw new RangeError(`note: expected text of at most ${LONGEST_NOTE} characters`);
  }
}

// --- what acts ---------------------------------------------------------------------------------

/** One WebSocket, from dialling to its end, which its owner is told once. */
class Link {
  /** The server's answer to `register`; null before it. */
  registered = null;
  openedAt = null;
  #owner;
  #now;
  #socket = null;
  #over = false;
  #openBy;
  #interval = Infinity;
  #timeout = Infinity;
  #lastPing = Infinity;
  /** Those without a pong yet, the first one first: by when it must come, and whom to tell. */
  #pings = [];
  #refusable = new Map();
  #requests = 0;
  #lastError = null;

  constructor(owner, now) {
    this.#owner = owner;
    this.#now = now;
    this.#openBy = now() + OPEN_DEADLINE;
  }

  /** Dial and register. `getToken` may take its time, within the deadline. */
  async open(WebSocket, url, register, getToken) {
    let token;
    try {
      token = (await getToken()) ?? undefined;
    } catch (error) {
      return this.end({ reason: `getToken failed: ${error}` });
    }
    if (!this.#over) this.#dial(WebSocket, url, { ...register, token, type: "register" });
  }

  /** When it next wants to be looked at. */
  get due() {
    const pongBy = this.#pings[0]?.by ?? Infinity;
    return Math.min(this.#openBy, this.#lastPing + this.#interval, pongBy);
  }

  /** Do what is due. */
  look(now) {
    if (now >= this.#openBy) return this.end(this.#unopened());
    if (now >= this.#pings[0]?.by) return this.end({ reason: "the server does not answer pings" });
    if (now >= this.#lastPing + this.#interval) this.ping();
  }

  /** We slept for so long: whatever is overdue was our own lateness, so ask once more. */
  doubt(now, slept) {
    if (slept > this.#timeout) {
      this.end({ reason: `slept for ${Math.round(slept)} s`, pause: 0 });
    } else if (this.registered === null) {
      this.#openBy = now + OPEN_DEADLINE;
    } else {
      this.check(now);
    }
  }

  /** Find out soon whether the server is still there. */
  check(now) {
    if (this.registered === null) return;
    if (this.#pings.length === 0) this.ping();
    const soon = now + CHECK_DEADLINE;
    const [first] = this.#pings;
    first.by = first.by < now ? soon : Math.min(first.by, soon);
  }

  ping(answered = () => {}) {
    this.#lastPing = this.#now();
    this.#pings.push({ by: this.#lastPing + PONG_DEADLINE, answered });
    this.say({ type: "ping" });
  }

  /** The `request_id` under which a message was sent. */
  ask(message) {
    this.#requests += 1;
    this.say({ ...message, request_id: this.#requests });
    return this.#requests;
  }

  /** Say what only a refusal answers: the pong after it says that there was none. */
  tell(message) {
    return new Promise((resolve, reject) => {
      const number = this.ask(message);
      this.#refusable.set(number, reject);
      this.ping(() => {
        this.#refusable.delete(number);
        resolve();
      });
    });
  }

  say(message) {
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(message));
  }

  /** The first to say how it ended is believed. `pause`: where the end itself knows it. */
  end({ reason, reconnect = true, goodbye = null, error = null, pause = null, code = null }) {
    if (this.#over) return;
    this.#over = true;
    this.#release(code ?? (reconnect ? COMING_BACK : GONE));
    for (const ping of this.#pings) ping.answered();
    this.#owner.ended({ reason, reconnect, goodbye, error, pause });
  }

  #dial(WebSocket, url, register) {
    try {
      this.#socket = new WebSocket(url, SUBPROTOCOL);
    } catch (error) {
      return this.end({ reason: String(error), reconnect: false }); // no URL for a WebSocket
    }
    this.#socket.onopen = () => this.say(register);
    this.#socket.onmessage = (event) => this.#hear(event.data);
    this.#socket.onclose = (event) => this.#closed(event);
  }

  #release(code) {
    const socket = this.#socket;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(code);
  }

  #unopened() {
    const error = this.#lastError;
    if (error === null) return { reason: `the server did not answer within ${OPEN_DEADLINE} s` };
    return { reason: error.message, reconnect: usable(error.retry_after), error };
  }

  #closed({ code }) {
    const error = this.registered === null ? this.#lastError : null;
    this.end({ reason: error?.message ?? `the link was closed (${code})`, error });
  }

  #hear(data) {
    const message = readMessage(data);
    if (message !== null) this.#take(message);
    this.#owner.heard();
  }

  #take(message) {
    switch (message.type) {
      case "pong":
        return this.#pings.shift()?.answered();
      case "ping":
        return this.say({ type: "pong" });
      case "registered":
        return this.#open(message);
      case "settings":
        return this.#follow(message);
      case "error":
        return this.#refused(message);
      case "goodbye":
        return this.end(endOf(message, this.#lastError));
      default:
        return this.#owner.told(message);
    }
  }

  #open(registered) {
    if (this.registered !== null) return;
    this.registered = registered;
    this.openedAt = this.#lastPing = this.#now();
    this.#openBy = Infinity;
    this.#follow(registered);
    this.#owner.opened(this);
  }

  /** The intervals are the server's to set, at any time. */
  #follow({ heartbeat_interval: interval, connection_timeout: timeout }) {
    if (usable(interval)) this.#interval = Math.max(interval, SHORTEST_INTERVAL);
    if (usable(timeout)) this.#timeout = timeout;
  }

  #refused(error) {
    this.#lastError = error;
    const refuse = this.#refusable.get(error.request_id);
    if (this.registered === null) {
      this.#openBy = Math.min(this.#openBy, this.#now() + GOODBYE_DEADLINE);
    } else if (refuse) {
      refuse(new Refused(error));
    } else {
      this.#owner.told(error);
    }
  }
}

/** What `Presence` needs of a browser; tests have another one. */
export function browser() {
  const { document, window } = globalThis;
  return {
    WebSocket: globalThis.WebSocket,
    base: document.baseURI,
    storage: sessionStorageOrNone(),
    monotonic: () => performance.now() / 1000,
    wall: () => Date.now() / 1000,
    random: () => crypto.getRandomValues(new Uint32Array(1))[0] / 2 ** 32,
    setTimeout: (wake, milliseconds) => setTimeout(wake, milliseconds),
    clearTimeout: (timer) => clearTimeout(timer),
    hidden: () => document.visibilityState === "hidden",
    /** Some of these events are the document's; all but `resume` bubble up to the window. */
    listen: (name, hear, signal) =>
      (name === "resume" ? document : window).addEventListener(name, hear, { signal }),
  };
}

function sessionStorageOrNone() {
  try {
    return globalThis.sessionStorage;
  } catch {
    return null; // forbidden to this page, by a sandbox or its user
  }
}

/**
 * This page's presence at one server, and who else is there.
 *
 * Events: `change` (detail {joins, leaves, updates}: records), `statechange` (detail {state,
 * reason, retryIn}) and `refused` (detail: what the server would not do, as `Refused`).
 */
export class Presence extends EventTarget {
  /** When the first session stands; rejected when there will be none. */
  ready;
  #state = null;
  #url;
  #register;
  #getToken;
  #options;
  #world;
  #clock;
  #instance;
  #view = new View();
  #watch = null;
  #link = null;
  #pauses;
  #retryAt = Infinity;
  /** Waking up cuts a pause of ours short, never one that the server asked for. */
  #notBefore = -Infinity;
  #own = null;
  #said = "";
  #timer;
  #plannedAt = Infinity;
  #leaving = false;
  #reached = false;
  #mended = null;
  #listening = new AbortController();
  #settle = {};
  #closed = new Promise((resolve) => (this.#settle.closed = resolve));

  /** Options as `connect` takes them. */
  constructor(url, options, world = browser()) {
    super();
    const { clientId, name, groups, meta, getToken = () => null } = options;
    if (typeof clientId !== "string" || clientId === "") {
      throw new TypeError(`clientId: expected the name of this client, got ${clientId}`);
    }
    this.#world = world;
    this.#options = { watch: true, awayWhenHidden: true, wait: true, ...options };
    this.#url = socketUrl(url, world.base);
    this.#getToken = getToken;
    this.#instance = new Instance(world.storage, clientId, world.random);
    const instance = this.#instance.id;
    this.#register = { client_id: clientId, name, groups, meta, instance, page: true };
    this.#clock = new Clock(world.monotonic, world.wall);
    this.#pauses = fullJitter(world.random);
    this.ready = new Promise((...both) => ([this.#settle.ready, this.#settle.failed] = both));
    this.ready.catch(() => {}); // who does not wait for it sees `statechange`
    this.#listen();
    this.#attempt();
  }

  get clientId() {
    return this.#register.client_id;
  }

  /** `connecting`, `connected`, `waiting` (until the next attempt) or `closed` (for good). */
  get state() {
    return this.#state;
  }

  /** Everyone present, by client_id: one Map for ever, right as of the last `change`. */
  get clients() {
    return this.#view.clients;
  }

  /**
   * Say whether one may be disturbed; null leaves it to whether the page is hidden, as at first.
   * Without a link it is said once there is one.
   * @throws {Refused} The server says no; then what was said before stands.
   * @throws {RangeError} An unknown availability, or a note of more than 256 characters.
   */
  async setAvailability(availability, note = "") {
    if (availability !== null) checkAvailability(availability, note);
    const before = this.#own;
    this.#own = availability === null ? null : { availability, note };
    try {
      await this.#sayAvailability();
    } catch (error) {
      this.#own = before;
      throw error;
    }
  }

  /** Say goodbye and be offline at once; the promise is kept when the link is closed. */
  leave() {
    this.#leaving = true;
    if (this.#state !== "connected") this.close();
    this.#link?.say({ type: "leave" });
    this.#world.setTimeout(() => this.close(), LEAVE_DEADLINE * 1000);
    return this.#closed;
  }

  /** Be gone, without waiting for an answer. */
  close() {
    this.#finish({ reason: "closed by the page" });
  }

  // --- what the link tells

  #opened() {
    this.#said = "";
    if (this.#options.watch) this.#askToWatch();
    this.#showAvailability();
    this.#settle.ready(this);
    this.#become("connected", { reason: "registered" });
  }

  #told(message) {
    if (message.type === "client_list" || message.type === "diff") this.#observe(message);
    if (message.type === "error") this.#tell("refused", new Refused(message));
  }

  #ended(end) {
    const { openedAt } = this.#link;
    this.#link = this.#watch = null;
    if (this.#state === "closed") return;
    const now = this.#clock.now();
    const steady = openedAt !== null && now - openedAt >= STEADY;
    if (steady) this.#pauses = fullJitter(this.#world.random);
    if (this.#leaving || !end.reconnect || !this.#mayRetry(openedAt, end)) return this.#finish(end);
    this.#notBefore = now + askedWait(end);
    this.#pause(end.reason, end.pause ?? pauseAfter(end, this.#pauses));
  }

  /** With `wait: false` the first attempt must succeed. */
  #mayRetry(openedAt, end) {
    this.#reached ||= this.#options.wait || openedAt !== null;
    return this.#reached || end.pause !== null;
  }

  // --- time

  /** Do what is due, then sleep until the next thing is. `woken`: something may have happened. */
  #look(woken = false) {
    if (this.#state === "closed") return;
    const now = this.#clock.now();
    const late = now - this.#plannedAt;
    if (late > STALL) this.#link?.doubt(now, late);
    else if (woken) this.#link?.check(now);
    if (woken) this.#retryAt = Math.max(now, this.#notBefore);
    this.#link?.look(now);
    if (this.#link === null && now >= this.#retryAt) this.#attempt();
    this.#arm();
  }

  /**
   * One timer for everything. It is set anew at every event, above all by the pong: browsers hold
   * back those timers of hidden pages that were set by timers, set by timers, set by timers.
   */
  #arm() {
    this.#world.clearTimeout(this.#timer);
    if (this.#state === "closed") return;
    const now = this.#clock.now();
    const due = this.#link === null ? this.#retryAt : this.#link.due;
    const longest = this.#world.hidden() ? LONGEST_TIMER : GLANCE;
    const delay = Math.min(Math.max(due - now, 0), longest);
    this.#plannedAt = now + delay;
    this.#timer = this.#world.setTimeout(() => this.#look(), Math.ceil(delay * 1000));
  }

  #listen() {
    const { signal } = this.#listening;
    const { listen, hidden } = this.#world;
    const wake = () => this.#look(true);
    for (const name of ["online", "resume"]) listen(name, wake, signal);
    listen("visibilitychange", () => this.#visibilityChanged(hidden()), signal);
    listen("pagehide", () => this.#hide(), signal);
    listen("pageshow", (event) => event.persisted && this.#show(), signal);
  }

  #visibilityChanged(hidden) {
    this.#showAvailability();
    this.#look(!hidden);
  }

  /** The page is closed, or put aside whole to be shown again: either way it is not here now. */
  #hide() {
    this.#instance.putBack();
    const reason = "the page is gone";
    if (this.#link === null) this.#pause(reason, Infinity);
    else this.#link.end({ reason, pause: Infinity, code: GONE });
  }

  #show() {
    this.#instance.take();
    this.#look(true);
  }

  // --- sessions

  #attempt() {
    this.#retryAt = Infinity;
    const owner = {
      opened: () => this.#opened(),
      told: (message) => this.#told(message),
      heard: () => this.#look(), // any event is a chance to see what is due, and no throttled timer
      ended: (end) => this.#ended(end),
    };
    const link = (this.#link = new Link(owner, () => this.#clock.now()));
    this.#become("connecting", {});
    link.open(this.#world.WebSocket, this.#url, this.#register, this.#getToken);
    this.#arm();
  }

  #pause(reason, retryIn) {
    this.#retryAt = this.#clock.now() + retryIn;
    this.#become("waiting", { reason, retryIn });
    this.#arm();
  }

  #finish(end) {
    if (this.#state === "closed") return;
    this.#become("closed", { reason: end.reason });
    this.#listening.abort();
    this.#world.clearTimeout(this.#timer);
    this.#link?.end({ reason: end.reason, reconnect: false });
    this.#settle.failed(end.error ? new Refused(end.error) : new Ended(end.reason));
    this.#settle.closed();
  }

  #become(state, { reason = "", retryIn = null }) {
    const first = this.#state === null;
    this.#state = state;
    if (first) return; // nobody can listen yet
    this.#tell("statechange", { state, reason, retryIn });
  }

  // --- what is said and heard

  async #sayAvailability() {
    if (!this.#link?.registered) return;
    const away = this.#options.awayWhenHidden && this.#world.hidden();
    const words = this.#own ?? { availability: away ? "away" : "available", note: "" };
    const said = JSON.stringify(words);
    if (said === this.#said) return;
    this.#said = said;
    try {
      await this.#link.tell({ type: "set_availability", ...words });
    } catch (error) {
      this.#said = "";
      throw error;
    }
  }

  #showAvailability() {
    this.#sayAvailability().catch((refused) => this.#tell("refused", refused));
  }

  #askToWatch() {
    const { epoch, revision } = this.#view;
    this.#view.abandonSnapshot();
    const position = epoch === null ? {} : { epoch, revision };
    this.#watch = { request: this.#link.ask({ type: "watch", ...position }), answered: false };
  }

  /** What comes before the answer to our watch is from before our position. */
  #observe(message) {
    if (this.#watch === null) return;
    if (message.request_id === this.#watch.request) this.#watch.answered = true;
    if (!this.#watch.answered) return;
    try {
      const change = this.#view.apply(message);
      if (change !== null) this.#tell("change", change);
    } catch (error) {
      if (!(error instanceof Gap)) throw error;
      this.#mend();
    }
  }

  /** Ask for what was missed; where that did not help the last time, for everything. */
  #mend() {
    if (this.#view.revision === this.#mended) this.#view.forgetPosition();
    this.#mended = this.#view.revision;
    this.#askToWatch();
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/**
 * Be present. Kept when the server has registered the page; `lastseen.d.ts` has the options.
 * @throws {Refused} The server will not have us.
 * @throws {Ended} With `wait: false`: the server could not be reached.
 */
export async function connect(url, options, world) {
  const presence = new Presence(url, options, world);
  await presence.ready;
  return presence;
}
