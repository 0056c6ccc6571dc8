/** What befalls a page: hidden, slept, stopped, put aside, offline. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Presence, Refused } from "../../../server/lastseen/server/web/lastseen.js";
import { FakeWorld, registered, settle, welcome } from "./world.mjs";

let world;
let presence;
let socket;

/** A presence whose first pong has come. */
async function stand(more = {}) {
  presence = new Presence("ws://server.example/ws", { clientId: "page-1", ...more }, world);
  await welcome(world);
  socket = world.socket;
  answer();
  await settle();
}

/** The server answers every ping so far. */
function answer() {
  for (let pongs = socket.of("ping").length - (socket.answered ?? 0); pongs > 0; pongs--) {
    socket.answered = (socket.answered ?? 0) + 1;
    socket.say({ type: "pong" });
  }
}

const pings = () => socket.of("ping").length;
const said = () => socket.of("set_availability").map(({ availability, note }) => [availability, note]);

beforeEach(() => {
  world = new FakeWorld();
});

// --- availability

test("a hidden page is away, and back when it is shown", async () => {
  await stand();
  await world.hide();
  await world.show();
  assert.deepEqual(said(), [["available", ""], ["away", ""], ["available", ""]]);
});

test("what the page said itself stands, until it leaves it to the tab again", async () => {
  await stand();
  const setting = presence.setAvailability("busy", "in a call");
  answer();
  await setting;
  await world.hide();
  assert.deepEqual(said().at(-1), ["busy", "in a call"]);
  presence.setAvailability(null);
  assert.deepEqual(said().at(-1), ["away", ""]);
});

test("a page may forbid being made away", async () => {
  await stand({ awayWhenHidden: false });
  await world.hide();
  assert.deepEqual(said(), [["available", ""]]);
});

test("what was said last is said again in each new session", async () => {
  await stand();
  socket.cut();
  await presence.setAvailability("busy");
  await world.pass(1);
  await welcome(world);
  world.socket.cut();
  await world.pass(1);
  await welcome(world);
  const [, ...later] = world.sockets.map((link) => link.of("set_availability")[0].availability);
  assert.deepEqual(later, ["busy", "busy"]);
});

test("setAvailability() is kept when the link breaks, for it is said again", async () => {
  await stand();
  const setting = presence.setAvailability("busy");
  socket.cut();
  await setting;
});

test("setAvailability() fails with the server's refusal, and what stood before stands", async () => {
  await stand();
  const setting = presence.setAvailability("busy");
  const { request_id } = socket.of("set_availability").at(-1);
  socket.say({ type: "error", request_id, code: "forbidden", message: "no" });
  await assert.rejects(setting, (error) => error instanceof Refused && error.code === "forbidden");
  presence.setAvailability("busy").catch(() => {});
  const again = socket.of("set_availability").at(-1);
  assert.notEqual(again.request_id, request_id);
  socket.say({ type: "error", request_id: again.request_id, code: "forbidden", message: "no" });
  await settle();
  socket.cut();
  await world.pass(1);
  await welcome(world);
  assert.deepEqual(world.socket.of("set_availability")[0].availability, "available");
});

test("setAvailability() refuses what the server would", async () => {
  await stand();
  await assert.rejects(presence.setAvailability("gone"), /expected one of available, away, busy or null, got gone/);
  await assert.rejects(presence.setAvailability("away", "x".repeat(257)), RangeError);
  await assert.rejects(presence.setAvailability("away", 7), RangeError);
  presence.setAvailability("away", "😀".repeat(256));
  assert.equal(said().at(-1)[0], "away");
});

// --- sleep

for (const [how, rest, notice] of [["stopped", "stall", 0], ["asleep with its clock", "sleep", 15]]) {
  test(`a page that was ${how} for longer than the server waits comes back at once`, async () => {
    await stand();
    world[rest](600);
    await world.pass(notice);
    assert.deepEqual([socket.closedWith, world.sockets.length], [4000, 2]);
  });

  test(`a page that was ${how} for a while asks whether the server is still there`, async () => {
    await stand();
    const before = pings();
    world[rest](45);
    await world.pass(notice);
    assert.equal(pings(), before + 1);
    await world.pass(5.1);
    assert.equal(socket.closedWith, 4000);
  });
}

test("a pong that is overdue because the page was stopped is waited for once more", async () => {
  await stand();
  const before = pings();
  await world.pass(60.5);
  assert.equal(pings(), before + 1);
  world.stall(30);
  await world.pass(0);
  assert.equal(presence.state, "connected");
  answer();
  await world.pass(6);
  assert.equal(presence.state, "connected");
});

test("a registration that was slept through is waited for once more", async () => {
  presence = new Presence("ws://server.example/ws", { clientId: "page-1" }, world);
  await settle();
  world.socket.accept();
  world.stall(30);
  await world.pass(0);
  assert.equal(presence.state, "connecting");
  world.socket.say(registered());
  assert.equal(presence.state, "connected");
});

test("timers that a hidden page's browser holds back for a second are no sleep", async () => {
  await stand();
  await world.hide();
  answer();
  const before = pings();
  for (let seconds = 0; seconds < 120; seconds++) {
    world.stall(1);
    await world.pass(0);
    answer();
  }
  assert.equal(pings(), before + 2);
  assert.equal(presence.state, "connected");
});

test("any message is a chance to send an overdue ping, however late timers are", async () => {
  await stand();
  await world.hide();
  answer();
  const before = pings();
  world.stall(61);
  socket.say({ type: "diff", epoch: "e1", revision: 8 });
  assert.equal(pings(), before + 1);
});

test("a hidden page wakes for its pings only", async () => {
  await stand();
  await world.hide();
  answer();
  let woken = 0;
  const { setTimeout } = world;
  world.setTimeout = (...both) => {
    woken += 1;
    return setTimeout(...both);
  };
  await world.pass(59);
  assert.equal(woken, 0);
});

// --- what wakes it

for (const [name, fields] of [["online", {}], ["resume", {}], ["visibilitychange", {}]]) {
  test(`${name} asks whether the server is still there`, async () => {
    await stand();
    const before = pings();
    await world.fire(name, fields);
    assert.equal(pings(), before + 1);
    await world.pass(4);
    await world.fire(name, fields);
    assert.equal(pings(), before + 1, "one question at a time");
    await world.pass(1.1);
    assert.equal(presence.state, "waiting");
  });

  test(`${name} cuts a pause short`, async () => {
    world.chance = 1;
    await stand();
    socket.cut();
    await world.fire(name, fields);
    assert.equal(world.sockets.length, 2);
  });

  test(`${name} does not cut a pause short that the server asked for`, async () => {
    await stand();
    socket.say({ type: "goodbye", reason: "shutdown", reconnect: true, retry_after: 30 });
    await world.fire(name, fields);
    await world.pass(29);
    assert.equal(world.sockets.length, 1);
    await world.pass(1.1);
    assert.equal(world.sockets.length, 2);
  });
}

// --- put aside

test("a page that goes is gone on purpose, and comes back as the same when it is shown again", async () => {
  await stand();
  await world.fire("pagehide", { persisted: true });
  assert.deepEqual([socket.closedWith, presence.state], [1000, "waiting"]);
  await world.pass(3600);
  assert.equal(world.sockets.length, 1);
  await world.fire("pageshow", { persisted: true });
  await welcome(world);
  assert.equal(presence.state, "connected");
  const [one, two] = world.sockets.map((link) => link.of("register")[0].instance);
  assert.equal(one, two);
  assert.equal(world.storage.items.size, 0, "so that a duplicate of the tab gets none");
});

test("the first pageshow of a page wakes nobody", async () => {
  await stand();
  const before = pings();
  await world.fire("pageshow", { persisted: false });
  assert.equal(pings(), before);
});

test("put aside while waiting, or while connecting, it is quiet until it is shown", async () => {
  for (const waiting of [true, false]) {
    world = new FakeWorld();
    presence = new Presence("ws://server.example/ws", { clientId: "page-1", wait: waiting }, world);
    await settle();
    if (waiting) world.socket.cut();
    await world.fire("pagehide", { persisted: true });
    await world.pass(3600);
    assert.deepEqual([presence.state, world.sockets.length], ["waiting", 1]);
    await world.fire("pageshow", { persisted: true });
    assert.equal(world.sockets.length, 2);
  }
});

test("put aside while the server wants it to wait, it still waits when it is shown", async () => {
  await stand();
  socket.say({ type: "goodbye", reason: "shutdown", reconnect: true, retry_after: 30 });
  await world.fire("pagehide", { persisted: true });
  await world.fire("pageshow", { persisted: true });
  await world.pass(29);
  assert.equal(world.sockets.length, 1);
  await world.pass(1.1);
  assert.equal(world.sockets.length, 2);
});

test("a reload is the same instance, a second page beside it is not", async () => {
  world.random = Math.random;
  await stand();
  const first = socket.of("register")[0].instance;
  const beside = new Presence("ws://server.example/ws", { clientId: "page-1" }, world);
  await welcome(world);
  assert.notEqual(world.socket.of("register")[0].instance, first);
  beside.close();
  await world.fire("pagehide", { persisted: false });
  const { storage } = world;
  world = Object.assign(new FakeWorld(), { storage });
  await stand();
  assert.equal(socket.of("register")[0].instance, first);
});

test("once closed, nothing wakes it", async () => {
  await stand();
  presence.close();
  for (const name of ["online", "resume", "visibilitychange", "pagehide"]) await world.fire(name);
  await world.fire("pageshow", { persisted: true });
  await world.pass(3600);
  assert.deepEqual([world.sockets.length, presence.state], [1, "closed"]);
});
