/** The server's API: one method for each question; refusals and silence as errors of their own. */

/** Milliseconds for an answer: the database may be busy, but not for ever. */
const DEADLINE = 15_000;

/** Milliseconds for a test message: the timeout of a channel is at most an hour. */
const TEST_DEADLINE = 3_660_000;

/** The most clients that a page of a list holds. */
const PAGE = 1000;

/** The server understood, and said no: `code` is for programs, the message a sentence for people. */
export class Problem extends Error {
  name = "Problem";
  constructor(status, { code = "", detail = "" } = {}) {
    super(detail || `the server answered ${status}`);
    this.status = status;
    this.code = code;
  }
}

/** There was no answer. */
export class Unreachable extends Error {
  name = "Unreachable";
}

/**
 * What may go wrong without anybody's fault in this page: the error; any other is thrown again.
 * @returns {Problem | Unreachable}
 */
export function expected(error) {
  if (error instanceof Problem || error instanceof Unreachable) return error;
  throw error;
}

export class Api {
  /** By how many seconds the server's clock is ahead of ours. */
  ahead = 0;
  #base;
  #fetch;

  /** `base` is the page's own address: below base_path, whatever a proxy makes of it. */
  constructor(base, fetch = globalThis.fetch.bind(globalThis)) {
    this.#base = base;
    this.#fetch = fetch;
  }

  /** The address of a path. */
  url(path) {
    return new URL(path, this.#base).href;
  }

  clients = (query) =>
    this.#ask("GET", `api/clients?${new URLSearchParams({ limit: PAGE, ...query })}`);
  client = (id) => this.#ask("GET", clientPath(id));
  events = (id, query) =>
    this.#ask("GET", `${clientPath(id)}/events?${new URLSearchParams(query)}`);
  uptime = (id) => this.#ask("GET", `${clientPath(id)}/uptime`);
  forget = (id) => this.#ask("DELETE", clientPath(id));
  kick = (id) => this.#ask("DELETE", `${clientPath(id)}?kick=true`);
  timelines = (ids) => this.#ask("GET", timelinesPath(ids));
  deliveries = (id) =>
    this.#ask("GET", `api/deliveries?${new URLSearchParams({ client_id: id, limit: 20 })}`);
  retry = (id) => this.#ask("POST", `api/deliveries/${id}/retry`);
  silences = (after) =>
    this.#ask("GET", `api/silences${after ? `?after=${encodeURIComponent(after)}` : ""}`);
  silence = (request) => this.#ask("POST", "api/silences", request);
  unsilence = (id) => this.#ask("DELETE", `api/silences/${encodeURIComponent(id)}`);
  channels = (after) =>
    this.#ask("GET", `api/channels${after ? `?after=${encodeURIComponent(after)}` : ""}`);
  enableChannel = (name) => this.#ask("POST", `${channelPath(name)}/enable`);
  testChannel = (name) => this.#ask("POST", `${channelPath(name)}/test`, undefined, TEST_DEADLINE);
  settings = () => this.#ask("GET", "api/settings");
  change = (values) => this.#ask("PATCH", "api/settings", values);
  reset = () => this.#ask("DELETE", "api/settings");
  stats = () => this.#ask("GET", "api/stats");

  /** Every channel, whatever the number of pages. */
  async allChannels() {
    const found = [];
    let after = null;
    do {
      const page = await this.channels(after);
      found.push(...page.channels);
      after = page.after ?? null;
    } while (after !== null);
    return found;
  }

  async #ask(method, path, body, deadline = DEADLINE) {
    const response = await this.#answer(method, path, body, deadline);
    this.#compareClocks(response.headers.get("date"));
    const text = await response.text().catch((error) => {
      throw new Unreachable(error.message);
    });
    const answer = parsed(text);
    if (!response.ok) throw new Problem(response.status, answer);
    return answer;
  }

  async #answer(method, path, body, deadline) {
    const options = { method, signal: AbortSignal.timeout(deadline), cache: "no-store" };
    if (body !== undefined) {
      Object.assign(options, {
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      });
    }
    try {
      return await this.#fetch(this.url(path), options);
    } catch (error) {
      throw new Unreachable(error.message);
    }
  }

  /** The header tells whole seconds: less than two apart is no difference. */
  #compareClocks(date) {
    const difference = (Date.parse(date ?? "") - Date.now()) / 1000;
    if (Number.isFinite(difference)) this.ahead = Math.abs(difference) < 2 ? 0 : difference;
  }
}

/** Each id is one segment, whatever it holds. */
const channelPath = (name) => `api/channels/${encodeURIComponent(name)}`;
const clientPath = (id) => `api/clients/${encodeURIComponent(id)}`;

export const timelinesPath = (ids) =>
  `api/timelines?${ids.map((id) => `client_id=${encodeURIComponent(id)}`).join("&")}`;

function parsed(text) {
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}
