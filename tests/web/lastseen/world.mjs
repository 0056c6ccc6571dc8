/** A world for `lastseen.js` without a browser: simulated time, fake sockets, a page to hide. */

// Node 18 has none.
globalThis.CustomEvent ??= class CustomEvent extends Event {
  constructor(type, { detail }) {
    super(type);
    this.detail = detail;
  }
};

/** Let every promise that can go on do so. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A WebSocket whose other end is the test. */
export class FakeSocket {
  readyState = 0;
  sent = [];
  closedWith = null;

  constructor(url, protocol) {
    this.url = url;
    this.protocol = protocol;
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close(code) {
    this.readyState = 2;
    this.closedWith = code;
  }

  /** The server accepts the link. */
  accept() {
    this.readyState = 1;
    this.onopen?.();
  }

  /** The server says something: a message, or whatever it likes. */
  say(message) {
    this.onmessage?.({ data: typeof message === "object" ? JSON.stringify(message) : message });
  }

  /** The link breaks. */
  cut(code = 1006) {
    this.readyState = 3;
    this.onclose?.({ code });
  }

  /** What was sent of a type. */
  of(type) {
    return this.sent.filter((message) => message.type === type);
  }
}

/** sessionStorage, of a tab. */
export class FakeStorage {
  items = new Map();
  getItem = (key) => this.items.get(key) ?? null;
  setItem = (key, value) => void this.items.set(key, value);
  removeItem = (key) => void this.items.delete(key);
}

export class FakeWorld {
  now = 0;
  base = "https://page.example/room/";
  sockets = [];
  storage = new FakeStorage();
  isHidden = false;
  chance = 0.5;
  #wallAhead = 1_700_000_000;
  #timers = new Map();
  #numbers = 0;
  #events = new EventTarget();

  constructor() {
    const { sockets } = this;
    this.WebSocket = class extends FakeSocket {
      constructor(url, protocol) {
        super(url, protocol);
        sockets.push(this);
      }
    };
  }

  get socket() {
    return this.sockets.at(-1);
  }

  monotonic = () => this.now;
  wall = () => this.now + this.#wallAhead;
  random = () => this.chance;
  hidden = () => this.isHidden;
  listen = (name, hear, signal) => this.#events.addEventListener(name, hear, { signal });
  clearTimeout = (timer) => void this.#timers.delete(timer);
  setTimeout = (wake, milliseconds) => {
    this.#timers.set(++this.#numbers, { at: this.now + milliseconds / 1000, wake });
    return this.#numbers;
  };

  /** Timers that wait. */
  get timers() {
    return this.#timers.size;
  }

  /** Time passes, and timers fire when they are due. */
  async pass(seconds) {
    const until = this.now + seconds;
    for (;;) {
      const [number, timer] = [...this.#timers].sort(([, a], [, b]) => a.at - b.at)[0] ?? [];
      if (timer === undefined || timer.at > until) break;
      this.now = Math.max(this.now, timer.at);
      this.#timers.delete(number);
      timer.wake();
      await settle();
    }
    this.now = until;
  }

  /** Nothing of the page runs for so long: a stopped process, a hung tab. */
  stall(seconds) {
    this.now += seconds;
  }

  /** The machine sleeps, and its monotonic clock with it. */
  sleep(seconds) {
    this.#wallAhead += seconds;
  }

  async fire(name, fields = {}) {
    this.#events.dispatchEvent(Object.assign(new Event(name), fields));
    await settle();
  }

  async hide() {
    this.isHidden = true;
    await this.fire("visibilitychange");
  }

  async show() {
    this.isHidden = false;
    await this.fire("visibilitychange");
  }
}

/** The answer to `register`. */
export const registered = (fields = {}) => ({
  type: "registered",
  client_id: "page-1",
  session: "s1",
  heartbeat_interval: 60,
  connection_timeout: 120,
  server_time: "2026-01-01T00:00:00Z",
  epoch: "e1",
  revision: 7,
  ...fields,
});

export const record = (client_id, fields = {}) => ({
  client_id,
  status: "online",
  reason: "registered",
  since: "2026-01-01T00:00:00Z",
  last_seen: "2026-01-01T00:00:00Z",
  ...fields,
});

/** The server answers the last link that was made. */
export async function welcome(world, fields = {}) {
  await settle();
  world.socket.accept();
  world.socket.say(registered(fields));
  await settle();
}
