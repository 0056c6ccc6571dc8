/** What decides: messages, pauses, ends, clocks and instances, without a link. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  Clock,
  Instance,
  askedWait,
  endOf,
  fullJitter,
  pauseAfter,
  readMessage,
  socketUrl,
} from "../../../server/lastseen/server/web/lastseen.js";
import { FakeStorage } from "./world.mjs";

const pauses = (chance) => fullJitter(() => chance);
const first = (generator, count) => Array.from({ length: count }, () => generator.next().value);

test("a message is an object with a type, and nothing else is one", () => {
  assert.deepEqual(readMessage('{"type":"pong"}'), { type: "pong" });
  const garbage = ["", "{", "null", "7", '"pong"', "[]", "{}", '{"type":7}', new ArrayBuffer(3), undefined];
  for (const data of garbage) assert.equal(readMessage(data), null);
});

test("a server may be named by any URL that leads to it", () => {
  const base = "https://page.example/room/";
  assert.equal(socketUrl("ws://127.0.0.1:8081/ws", base), "ws://127.0.0.1:8081/ws");
  assert.equal(socketUrl("/ws", base), "wss://page.example/ws");
  assert.equal(socketUrl("http://here.example/ws#part", base), "ws://here.example/ws");
  assert.throws(() => socketUrl("ws://:no", base), TypeError);
});

test("pauses are drawn below a ceiling that doubles up to twenty seconds", () => {
  assert.deepEqual(first(pauses(1), 8), [0.5, 1, 2, 4, 8, 16, 20, 20]);
  assert.deepEqual(first(pauses(0), 3), [0, 0, 0]);
});

test("a goodbye's retry_after is kept to exactly, within reason", () => {
  const after = (retry_after) => pauseAfter({ goodbye: { retry_after } }, pauses(1));
  assert.equal(after(3), 3);
  assert.equal(after(0.05), 0.05);
  assert.equal(after(1e9), 3600);
  for (const useless of [0, 0.01, -5, NaN, null, undefined, "3"]) assert.equal(after(useless), 0.5);
});

test("an error's retry_after is the same for everyone, so jitter comes on top", () => {
  const end = { error: { retry_after: 3 } };
  assert.equal(pauseAfter(end, pauses(1)), 3.5);
  assert.equal(askedWait(end), 3);
  assert.equal(askedWait({ goodbye: { retry_after: 2 }, error: { retry_after: 3 } }), 2);
  assert.equal(askedWait({}), 0);
});

test("a goodbye ends it for good unless it says that coming back can help", () => {
  assert.equal(endOf({ reason: "shutdown", reconnect: true }).reconnect, true);
  assert.equal(endOf({ reason: "replaced", reconnect: false }).reconnect, false);
  assert.equal(endOf({ reason: "odd" }).reconnect, false);
});

test("a refusal explains the goodbye that names it, and no other", () => {
  const error = { code: "server_full", message: "there are 10 clients already" };
  assert.equal(endOf({ reason: "server_full", reconnect: true }, error).error, error);
  assert.equal(endOf({ reason: "shutdown", reconnect: true }, error).error, null);
});

test("the clock counts sleep that the monotonic clock slept through", () => {
  let [monotonic, wall] = [100, 5000];
  const clock = new Clock(() => monotonic, () => wall);
  [monotonic, wall] = [110, 5010];
  assert.equal(clock.now(), 110);
  wall += 600; // the machine slept
  assert.equal(clock.now(), 710);
  [monotonic, wall] = [120, 5620];
  assert.equal(clock.now(), 720);
});

test("a wall clock that is set back or wobbles changes no moment", () => {
  let [monotonic, wall] = [0, 1e9];
  const clock = new Clock(() => monotonic, () => wall);
  wall -= 3600;
  assert.equal(clock.now(), 0);
  for (let step = 1; step <= 1000; step++) {
    monotonic = step;
    wall = 1e9 - 3600 + step + (step % 2);
    assert.equal(clock.now(), step);
  }
});

test("a reloaded page is the same instance, and a duplicated tab is another", () => {
  const storage = new FakeStorage();
  const page = new Instance(storage, "page-1", Math.random);
  assert.match(page.id, /^[0-9a-f]{32}$/);

  const duplicate = new FakeStorage();
  duplicate.items = new Map(storage.items); // as the browser copies it while the page lives
  assert.notEqual(new Instance(duplicate, "page-1", Math.random).id, page.id);

  page.putBack(); // as the page goes
  assert.equal(new Instance(storage, "page-1", Math.random).id, page.id);
  duplicate.items = new Map(storage.items); // the reloaded page is duplicated
  assert.notEqual(new Instance(duplicate, "page-1", Math.random).id, page.id);
});

test("another client_id in the same tab is another instance", () => {
  const storage = new FakeStorage();
  new Instance(storage, "page-1", Math.random).putBack();
  assert.notEqual(new Instance(storage, "page-2", Math.random).id, storage.getItem("lastseen.instance:page-1"));
});

test("without storage, or with rubbish or no room in it, an instance is made all the same", () => {
  const storage = new FakeStorage();
  storage.setItem("lastseen.instance:page-1", "<script>");
  for (const kept of [null, storage]) {
    assert.match(new Instance(kept, "page-1", Math.random).id, /^[0-9a-f]{32}$/);
  }
  storage.setItem = () => {
    throw new Error("QuotaExceededError");
  };
  new Instance(storage, "page-1", Math.random).putBack();
});
