/** Types of lastseen.js. Names with underscores are those of the wire (docs/protocol.md). */

export type Status = "online" | "late" | "offline";
export type Availability = "available" | "away" | "busy";
export type Via = "tcp" | "websocket" | "http" | "lan";
export type Reason =
  | "registered" | "returned" | "left" | "closed" | "timeout" | "replaced" | "kicked" | "silent";
export type Meta = Record<string, string | number | boolean | null>;

/** One client. Any text in it may be hostile: show it by `textContent`. */
export interface ClientRecord {
  readonly client_id: string;
  readonly status: Status;
  /** Why it has that status. */
  readonly reason: Reason;
  /** When that status began, as `Date` reads it. */
  readonly since: string;
  /** Its last sign of life, as `Date` reads it. */
  readonly last_seen: string;
  readonly name: string;
  readonly hostname: string;
  readonly groups: readonly string[];
  readonly meta: Readonly<Meta>;
  readonly availability: Availability;
  readonly note: string;
  readonly via: Via;
  readonly address: string;
  /** How many links it has. */
  readonly sessions: number;
  /** When another process last took over its id, if that happened three times in ten minutes. */
  readonly contested_at?: string;
}

export interface Options {
  /** The stable name of this client: 1 to 128 characters. */
  clientId: string;
  /** What people read instead of it. */
  name?: string;
  /** What it belongs to; lists can be narrowed to one. */
  groups?: readonly string[];
  /** Up to 16 facts about it, shown with its record. */
  meta?: Readonly<Meta>;
  /** Asked before every session for the secret that a server may want. */
  getToken?: () => string | null | undefined | Promise<string | null | undefined>;
  /** Keep `clients` and send `change` events (true). A page that only is present needs neither. */
  watch?: boolean;
  /** `away` while the page is hidden, unless it has said something else (true). */
  awayWhenHidden?: boolean;
  /** Keep trying when the first attempt fails, instead of ending (true). */
  wait?: boolean;
}

export interface Change {
  readonly joins: readonly ClientRecord[];
  /** Their last records: these say why, and when last seen. */
  readonly leaves: readonly ClientRecord[];
  readonly updates: readonly ClientRecord[];
}

/** `waiting`: until the next attempt. `closed`: for good. */
export type State = "connecting" | "connected" | "waiting" | "closed";

export interface StateChange {
  readonly state: State;
  /** Words for people. */
  readonly reason: string;
  /** While `waiting`: seconds until the next attempt. */
  readonly retryIn: number | null;
}

export interface PresenceEvents {
  /** `clients` has changed. The first one is a snapshot, in which everyone present joins. */
  change: CustomEvent<Change>;
  statechange: CustomEvent<StateChange>;
  /** Something the server would not do, and nobody waited for: let us watch, for example. */
  refused: CustomEvent<Refused>;
}

/** The server understood, and said no. */
export class Refused extends Error {
  readonly code: string;
  /** In seconds. */
  readonly retryAfter: number | null;
}

/** It is over: goodbye for good, a server that could not be reached, or closed by the page. */
export class Ended extends Error {}

/** This page's presence at one server, and who else is there. */
export class Presence extends EventTarget {
  /** As `connect`, for a page that wants to show how it goes before the first session stands. */
  constructor(url: string | URL, options: Options, world?: World);
  /** Kept when the first session stands; broken when there will be none, as by `connect`. */
  readonly ready: Promise<Presence>;
  readonly clientId: string;
  readonly state: State;
  /** Everyone present, by client_id: one Map for ever, right as of the last `change`. */
  readonly clients: ReadonlyMap<string, ClientRecord>;
  /**
   * Say whether one may be disturbed; null leaves it to whether the page is hidden, as at first.
   * Without a link it is said once there is one.
   * @throws {Refused} The server says no; then what was said before stands.
   * @throws {RangeError} An unknown availability, or a note of more than 256 characters.
   */
  setAvailability(availability: Availability | null, note?: string): Promise<void>;
  /** Say goodbye and be offline at once. Kept when the link is closed, after 2 s at the latest. */
  leave(): Promise<void>;
  /** Be gone, without waiting for an answer. */
  close(): void;
  addEventListener<K extends keyof PresenceEvents>(
    type: K,
    listener: (this: Presence, event: PresenceEvents[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<K extends keyof PresenceEvents>(
    type: K,
    listener: (this: Presence, event: PresenceEvents[K]) => void,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void;
}

/**
 * Be present. Kept when the server has registered the page; from then on it comes back by itself.
 * @param url Of the server: `ws:`, `wss:`, `http:`, `https:`, or relative to the page.
 * @throws {Refused} The server will not have us.
 * @throws {Ended} With `wait: false`: the server could not be reached.
 */
export function connect(url: string | URL, options: Options, world?: World): Promise<Presence>;

/** What a presence needs of a browser; tests have another one. Moments are in seconds. */
export interface World {
  WebSocket: new (url: string, protocol: string) => WebSocket;
  /** What a relative URL is relative to. */
  base: string | undefined;
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem"> | null;
  monotonic(): number;
  wall(): number;
  /** From 0 to 1. */
  random(): number;
  setTimeout(wake: () => void, milliseconds: number): unknown;
  clearTimeout(timer: unknown): void;
  /** Whether nobody sees the page. */
  hidden(): boolean;
  /** Hear of `online`, `pageshow`, `pagehide`, `visibilitychange` and `resume`. */
  listen(name: string, hear: (event: Event) => void, signal: AbortSignal): void;
}

export function browser(): World;
