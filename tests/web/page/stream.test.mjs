/** The stream is kept open, and doubted when it falls behind. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Stream } from "../../../server/lastseen/server/web/page/stream.js";

class FakeEventSource {
  static opened = [];
  readyState = 0;
  #listeners = {};

  constructor(url) {
    this.url = url;
    FakeEventSource.opened.push(this);
  }

  addEventListener(kind, listener) {
    this.#listeners[kind] = listener;
  }

  close() {
    this.readyState = 2;
  }

  say(kind, data) {
    this.#listeners[kind]({ data: JSON.stringify(data) });
  }

  fail(readyState) {
    this.readyState = readyState;
    this.onerror({});
  }
}

/** Timers that fire when a test says so. */
class World {
  EventSource = FakeEventSource;
  timers = new Map();
  #last = 0;
  setTimeout = (callback, delay) => {
    this.#last += 1;
    this.timers.set(this.#last, { callback, delay });
    return this.#last;
  };
  clearTimeout = (id) => this.timers.delete(id);
  fire() {
    const [[id, { callback }]] = this.timers;
    this.timers.delete(id);
    callback();
  }
}

let owner, world, stream;
const last = () => FakeEventSource.opened.at(-1);

beforeEach(() => {
  FakeEventSource.opened = [];
  world = new World();
  owner = {
    position: "",
    taken: [],
    states: [],
    take: (kind, data) => owner.taken.push([kind, data]),
    stateChanged: (state) => owner.states.push(state),
  };
  stream = new Stream("http://here/api/events", owner, world);
  stream.open();
});

test("it is live from the first event on", () => {
  assert.equal(stream.state, "connecting");
  last().say("clients", { clients: [] });
  assert.deepEqual(owner.taken, [["clients", { clients: [] }]]);
  assert.deepEqual(owner.states, ["live"]);
  assert.equal(world.timers.size, 0);
});

test("while the browser tries again, the server is lost", () => {
  last().say("clients", {});
  last().fail(0);
  assert.deepEqual(owner.states, ["live", "lost"]);
  last().say("diff", {});
  assert.deepEqual(owner.states, ["live", "lost", "live"]);
  assert.equal(FakeEventSource.opened.length, 1);
});

test("when the browser has given up, a new one goes on from where the old one was", () => {
  last().say("clients", {});
  owner.position = "e1:7";
  last().fail(2);
  world.fire();
  assert.equal(FakeEventSource.opened.length, 2);
  assert.equal(last().url, "http://here/api/events?last_event_id=e1%3A7");
});

test("what an old one still says is not heard", () => {
  const [old] = FakeEventSource.opened;
  stream.open();
  old.say("diff", {});
  old.fail(2);
  assert.deepEqual([owner.taken, owner.states], [[], []]);
  assert.equal(old.readyState, 2);
});

test("one that never begins is opened anew", () => {
  world.fire();
  assert.equal(FakeEventSource.opened.length, 2);
  assert.equal(stream.state, "lost");
});

test("a goodbye is no sign that it goes on", () => {
  last().say("goodbye", { reason: "shutdown" });
  assert.deepEqual([owner.taken, stream.state], [[], "connecting"]);
});

test("one that stays behind what the server says elsewhere is dead", () => {
  last().say("clients", {});
  owner.position = "e1:7";
  stream.compare("e1", 8);
  assert.equal(stream.state, "live", "it may be on its way");
  stream.compare("e1", 9);
  assert.equal(stream.state, "lost");
  assert.equal(FakeEventSource.opened.length, 2);
});

test("one that goes on, or has nothing to say, is not doubted", () => {
  last().say("clients", {});
  for (const revision of [7, 8, 9]) {
    owner.position = `e1:${revision}`;
    stream.compare("e1", revision + 1);
  }
  owner.position = "e1:20";
  stream.compare("e1", 20);
  stream.compare("e1", 20);
  assert.equal(FakeEventSource.opened.length, 1);
});

test("another epoch is another server: the stream is of one that is gone", () => {
  last().say("clients", {});
  owner.position = "e1:7";
  stream.compare("e2", 1);
  stream.compare("e2", 1);
  assert.equal(FakeEventSource.opened.length, 2);
});
