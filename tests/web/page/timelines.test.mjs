/** Strips are asked for when they are on screen, many at a time, and kept. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import {
  Problem,
  Unreachable,
  timelinesPath,
} from "../../../server/lastseen/server/web/page/api.js";
import { Timelines, batch } from "../../../server/lastseen/server/web/page/timelines.js";

const settle = () => new Promise((resolve) => setImmediate(resolve));
const TIME = { since: "2026-11-21T12:00:00Z", until: "2026-11-22T12:00:00Z" };

/** Timers that fire when a test lets time pass. */
class World {
  #now = 1_000_000;
  #timers = new Map();
  #last = 0;
  now = () => this.#now;
  setTimeout = (callback, delay) => {
    this.#last += 1;
    this.#timers.set(this.#last, { callback, at: this.#now + delay });
    return this.#last;
  };
  clearTimeout = (id) => this.#timers.delete(id);

  async pass(milliseconds) {
    const end = this.#now + milliseconds;
    for (let due; (due = this.#next(end)) !== null;) {
      const [id, { callback, at }] = due;
      this.#timers.delete(id);
      this.#now = at;
      callback();
      await settle();
    }
    this.#now = end;
  }

  #next(end) {
    const due = [...this.#timers].filter(([, { at }]) => at <= end);
    due.sort(([, one], [, other]) => one.at - other.at);
    return due[0] ?? null;
  }
}

let api, timelines, drawn, world;

beforeEach(() => {
  world = new World();
  drawn = 0;
  api = {
    asked: [],
    async timelines(ids) {
      api.asked.push(ids);
      if (api.error) throw api.error;
      return {
        ...TIME,
        unwatched: [],
        timelines: ids.map((client_id) => ({ client_id, spans: [] })),
      };
    },
  };
  timelines = new Timelines(api, () => (drawn += 1), world);
});

const pass = (milliseconds) => world.pass(milliseconds);

test("those on screen are asked for once scrolling has settled, and drawn", async () => {
  timelines.want(["a"]);
  timelines.want(["b", "c", "b"]);
  await pass(200);
  assert.deepEqual(api.asked, [["b", "c"]]);
  assert.equal(drawn, 1);
  assert.equal(timelines.of("b").spans.length, 0);
  assert.equal(timelines.of("a"), null);
});

test("what is known is not asked for again while it is fresh", async () => {
  timelines.want(["a"]);
  await pass(200);
  timelines.want(["a"]);
  await pass(60_000);
  assert.equal(api.asked.length, 1);
  await pass(200_000);
  assert.equal(api.asked.length, 2);
});

test("what has changed is asked for when the server has written it", async () => {
  timelines.want(["a", "b"]);
  await pass(200);
  timelines.outdate(["a", "nobody"]);
  await pass(1000);
  assert.equal(api.asked.length, 1);
  await pass(1000);
  assert.deepEqual(api.asked[1], ["a"]);
});

test("one that changes all the time is drawn nevertheless", async () => {
  timelines.want(["a"]);
  await pass(200);
  for (let i = 0; i < 8; i += 1) {
    timelines.outdate(["a"]);
    await pass(500);
  }
  assert.ok(api.asked.length >= 2);
});

test("a server that remembers nothing is not asked twice, until it may be another one", async () => {
  api.error = new Problem(404, { code: "no_store" });
  timelines.want(["a"]);
  await pass(200);
  timelines.want(["a"]);
  await pass(600_000);
  assert.equal(api.asked.length, 1);
  assert.equal(timelines.available, false);
  api.error = null;
  timelines.outdateAll();
  await pass(200);
  assert.equal(api.asked.length, 2);
});

test("after a failure it is tried again, not at once", async () => {
  api.error = new Unreachable("busy");
  timelines.want(["a"]);
  await pass(200);
  await pass(3000);
  assert.equal(api.asked.length, 1);
  api.error = null;
  await pass(4000);
  assert.equal(api.asked.length, 2);
});

test("more than fit one question are asked for one after the other", async () => {
  timelines.want(Array.from({ length: 150 }, (_, i) => `c${i}`));
  await pass(200);
  await pass(200);
  assert.deepEqual(
    api.asked.map((ids) => ids.length),
    [100, 50],
  );
});

test("an address stays short enough for any server, however long the ids", () => {
  const ids = Array.from({ length: 100 }, (_, i) => `${i}${"☃".repeat(100)}`);
  assert.ok(timelinesPath(batch(ids)).length <= 6000);
  assert.ok(batch(ids).length > 1);
  assert.equal(batch(["💥".repeat(128), "a"]).length, 2);
});
