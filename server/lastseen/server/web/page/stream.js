/**
 * The stream of changes, kept open: an EventSource, a new one where the browser gave up on the old,
 * and a doubt of it when the server says elsewhere that it has moved on.
 */

/** Seconds before a new EventSource, when the browser itself has given up (an answer other than 200). */
const PAUSE = 2;
/** The browser's own pause is 1 s: if it has not come back by then, it hangs. */
const PATIENCE = 20;
/** EventSource's readyState when it will not try again. */
const CLOSED = 2;

/** What the stream tells of. */
const KINDS = ["clients", "diff", "settings", "goodbye"];

export class Stream {
  /** "connecting" until the first event, then "live" or "lost". */
  state = "connecting";
  #url;
  #owner;
  #world;
  #source = null;
  #timer = null;
  #suspect = null;

  /**
   * `owner` has `position` (where to go on from), `take(kind, data)` and `stateChanged(state)`.
   * `world` has `EventSource`, `setTimeout`, `clearTimeout`.
   */
  constructor(url, owner, world = globalThis) {
    this.#url = url;
    this.#owner = owner;
    this.#world = world;
  }

  /** Open it, or open it anew. */
  open() {
    this.close();
    const { EventSource } = this.#world;
    const position = this.#owner.position;
    const query = position && `?last_event_id=${encodeURIComponent(position)}`;
    const source = new EventSource(this.#url + query);
    this.#source = source;
    for (const kind of KINDS)
      source.addEventListener(kind, (event) => this.#take(source, kind, event));
    source.onerror = () => this.#failed(source);
    this.#wait(PATIENCE);
  }

  close() {
    this.#world.clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  /** The server could not be asked something else. */
  lose() {
    this.#become("lost");
    this.open();
  }

  /**
   * The server's epoch and revision, as it says elsewhere. A page never sees the comments that keep
   * a stream alive, so this is how a dead one is found: it stays behind from one look to the next.
   */
  compare(epoch, revision) {
    const { position } = this.#owner;
    const [known, reached] = position.split(":");
    const behind = known !== epoch || Number(reached) < revision;
    const doubtful = position !== "" && this.state === "live" && behind;
    if (doubtful && this.#suspect === position) this.lose();
    this.#suspect = doubtful ? position : null;
  }

  #take(source, kind, event) {
    if (source !== this.#source || typeof event.data !== "string") return;
    this.#world.clearTimeout(this.#timer);
    if (kind === "goodbye") return; // the end of the stream, which follows, says enough
    this.#owner.take(kind, JSON.parse(event.data));
    if (source === this.#source && kind !== "settings") this.#become("live");
  }

  #failed(source) {
    if (source !== this.#source) return;
    this.#become("lost");
    this.#wait(source.readyState === CLOSED ? PAUSE : PATIENCE);
  }

  #wait(seconds) {
    this.#world.clearTimeout(this.#timer);
    this.#timer = this.#world.setTimeout(() => {
      this.#become("lost");
      this.open();
    }, seconds * 1000);
  }

  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.#owner.stateChanged(state);
  }
}
