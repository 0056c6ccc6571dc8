/** Sessions: registering, pinging, ending, coming back, or not. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Ended, Presence, Refused, connect } from "../../../server/lastseen/server/web/lastseen.js";
import { FakeWorld, record, settle, welcome } from "./world.mjs";

let world;
let presence;
let states;

const options = { clientId: "page-1", name: "Page", groups: ["web"] };
const goodbye = (fields) => ({ type: "goodbye", reason: "shutdown", reconnect: true, ...fields });

function start(more = {}) {
  presence = new Presence("ws://server.example/ws", { ...options, ...more }, world);
  states = [];
  presence.addEventListener("statechange", ({ detail }) => states.push(detail));
  return settle();
}

beforeEach(async () => {
  world = new FakeWorld();
});

/** A session that stands, on a new world. */
async function stand(more = {}, fields = {}) {
  await start(more);
  await welcome(world, fields);
  return world.socket;
}

test("a page registers as one, by the subprotocol of JSON", async () => {
  await start();
  assert.deepEqual([world.socket.url, world.socket.protocol], ["ws://server.example/ws", "lastseen.json"]);
  world.socket.accept();
  const [{ instance, ...rest }] = world.socket.sent;
  assert.deepEqual(rest, {
    type: "register", client_id: "page-1", name: "Page", groups: ["web"], page: true,
  });
  assert.match(instance, /^[0-9a-f]{32}$/);
});

test("connect() is kept when the server has registered the page", async () => {
  const connecting = connect("ws://server.example/ws", options, world);
  await welcome(world);
  const presence = await connecting;
  assert.deepEqual([presence.state, presence.clientId], ["connected", "page-1"]);
});

test("without a clientId nothing is tried", async () => {
  await assert.rejects(connect("ws://server.example/ws", {}, world), /clientId: expected the name/);
  await assert.rejects(connect("ws://:no", options, world), TypeError);
  assert.equal(world.sockets.length, 0);
});

test("each session asks for a token of its own", async () => {
  let asked = 0;
  await stand({ getToken: async () => `token-${++asked}` });
  world.socket.cut();
  await world.pass(1);
  world.socket.accept();
  assert.deepEqual(world.sockets.map((socket) => socket.of("register")[0].token), ["token-1", "token-2"]);
});

test("a token that cannot be had is a failed attempt, and not the end", async () => {
  await start({ getToken: () => Promise.reject(new Error("signed out")) });
  assert.deepEqual(states, [{ state: "waiting", reason: "getToken failed: Error: signed out", retryIn: 0.25 }]);
  world = new FakeWorld();
  await start({ getToken: () => new Promise(() => {}) });
  await world.pass(10);
  assert.equal(states[0].reason, "the server did not answer within 10 s");
  assert.equal(world.sockets.length, 0);
});

test("it pings at the interval that the server sets, and follows a new one at once", async () => {
  const socket = await stand();
  const pings = () => socket.of("ping").length;
  socket.say({ type: "pong" });
  const before = pings();
  await world.pass(59);
  assert.equal(pings(), before);
  await world.pass(1);
  assert.equal(pings(), before + 1);
  socket.say({ type: "pong" });
  socket.say({ type: "settings", heartbeat_interval: 10, connection_timeout: 20 });
  await world.pass(10);
  assert.equal(pings(), before + 2);
});

test("intervals that make no sense are not followed", async () => {
  const socket = await stand();
  socket.say({ type: "pong" });
  for (const heartbeat_interval of [null, "1", -1]) socket.say({ type: "settings", heartbeat_interval });
  const before = socket.of("ping").length;
  await world.pass(59);
  assert.equal(socket.of("ping").length, before);
  socket.say({ type: "settings", heartbeat_interval: 0 });
  await world.pass(1);
  assert.ok(socket.of("ping").length <= before + 21, "no more than one in 0.05 s");
});

test("a ping of the server is answered", async () => {
  const socket = await stand();
  socket.say({ type: "ping" });
  assert.equal(socket.of("pong").length, 1);
});

test("a missing pong ends the link, and the page comes back", async () => {
  const socket = await stand();
  socket.say({ type: "pong" });
  await world.pass(60);
  await world.pass(9.9);
  assert.equal(presence.state, "connected");
  await world.pass(0.2);
  assert.equal(socket.closedWith, 4000);
  assert.equal(presence.state, "waiting");
  await world.pass(1);
  await welcome(world);
  assert.deepEqual([presence.state, world.sockets.length], ["connected", 2]);
});

test("a server that never answers the handshake is given up on", async () => {
  await start();
  await world.pass(9.9);
  assert.equal(presence.state, "connecting");
  await world.pass(0.2);
  assert.deepEqual(states[0], { state: "waiting", reason: "the server did not answer within 10 s", retryIn: 0.25 });
});

test("one that accepts and says nothing is given up on, too", async () => {
  await start();
  world.socket.accept();
  await world.pass(10.1);
  assert.equal(states[0].reason, "the server did not answer within 10 s");
});

test("pauses grow while links break at once, and start anew after one that stood", async () => {
  world.chance = 1;
  await start();
  for (const pause of [0.5, 1, 2, 4, 8, 16, 20, 20]) {
    world.socket.cut();
    assert.equal(states.at(-1).retryIn, pause);
    await world.pass(pause);
  }
  await welcome(world);
  world.socket.say({ type: "pong" });
  await world.pass(19);
  world.socket.cut();
  assert.equal(states.at(-1).retryIn, 20);
  await world.pass(20);
  await welcome(world);
  world.socket.say({ type: "pong" });
  await world.pass(20);
  world.socket.cut();
  assert.equal(states.at(-1).retryIn, 0.5);
});

test("a goodbye's retry_after is waited for exactly", async () => {
  const socket = await stand();
  socket.say(goodbye({ retry_after: 3.5 }));
  assert.deepEqual(states.at(-1), { state: "waiting", reason: "the server said goodbye: shutdown", retryIn: 3.5 });
  await world.pass(3.4);
  assert.equal(world.sockets.length, 1);
  await world.pass(0.2);
  assert.equal(world.sockets.length, 2);
});

test("a goodbye for good is the end", async () => {
  const socket = await stand();
  socket.say(goodbye({ reason: "replaced", reconnect: false }));
  assert.deepEqual([presence.state, socket.closedWith], ["closed", 1000]);
  await world.pass(3600);
  assert.deepEqual([world.sockets.length, world.timers], [1, 0]);
});

test("a refusal for good rejects connect() with the server's words", async () => {
  await start();
  world.socket.accept();
  world.socket.say({ type: "error", code: "duplicate_client", message: "page-1 is in use" });
  world.socket.say(goodbye({ reason: "duplicate_client", reconnect: false }));
  await assert.rejects(presence.ready, (error) => {
    assert.ok(error instanceof Refused);
    assert.deepEqual([error.code, error.message, error.retryAfter], ["duplicate_client", "page-1 is in use", null]);
    return true;
  });
});

test("a refusal that no goodbye follows is the end within a second, unless it says when to retry", async () => {
  await start();
  world.socket.accept();
  world.socket.say({ type: "error", code: "bad_message", message: "name: too long" });
  await world.pass(1.1);
  await assert.rejects(presence.ready, /name: too long/);
  await start();
  world.socket.accept();
  world.socket.say({ type: "error", code: "server_full", message: "full", retry_after: 7 });
  await world.pass(1.1);
  assert.deepEqual(states, [{ state: "waiting", reason: "full", retryIn: 7.25 }]);
});

test("with wait: false the first attempt must succeed, and later ones need not", async () => {
  await start({ wait: false });
  world.socket.cut();
  await assert.rejects(presence.ready, Ended);
  await stand({ wait: false });
  world.socket.cut();
  await world.pass(1);
  world.socket.cut();
  assert.equal(presence.state, "waiting");
});

test("what a browser takes for no address of a WebSocket is the end", async () => {
  world.WebSocket = class {
    constructor() {
      throw new SyntaxError("ftp is not allowed");
    }
  };
  await start();
  await assert.rejects(presence.ready, /ftp is not allowed/);
});

test("garbage of the server hurts nothing", async () => {
  const socket = await stand();
  const garbage = [
    "", "{", "null", "[]", "7", undefined, { type: "unheard_of" }, { type: "diff" }, { type: "client_list" },
    { type: "diff", joins: 7, epoch: "e1", revision: 8 }, { type: "registered" }, { type: "settings" },
    { type: "error" }, { type: "pong" }, { type: "pong" }, { type: "pong" },
  ];
  for (const message of garbage) socket.say(message);
  assert.deepEqual([presence.state, socket.of("watch").length], ["connected", 1]);
  await world.pass(60);
  assert.ok(socket.of("ping").length >= 2);
});

test("what a dead link still says is not heard", async () => {
  const socket = await stand();
  presence.addEventListener("refused", () => assert.fail("heard"));
  socket.cut();
  socket.say({ type: "error", code: "forbidden", message: "no" });
  socket.say(goodbye({ reconnect: false }));
  assert.equal(presence.state, "waiting");
});

test("a refusal during a session has nothing to do with its end", async () => {
  const socket = await stand();
  socket.say({ type: "error", code: "busy", message: "too many questions", retry_after: 30 });
  socket.cut();
  assert.deepEqual(states.at(-1), { state: "waiting", reason: "the link was closed (1006)", retryIn: 0.25 });
});

test("leave() says goodbye and ends with the server's", async () => {
  const socket = await stand();
  const left = presence.leave();
  assert.equal(socket.of("leave").length, 1);
  socket.say(goodbye({ reason: "left", reconnect: false }));
  await left;
  assert.equal(presence.state, "closed");
});

test("leave() does not wait for ever, nor come back when the link breaks meanwhile", async () => {
  const socket = await stand();
  presence.leave();
  await world.pass(2.1);
  assert.deepEqual([presence.state, socket.closedWith], ["closed", 1000]);
  const other = await stand();
  presence.leave();
  other.cut();
  assert.equal(presence.state, "closed");
});

test("leave() and close() without a link end the attempts", async () => {
  for (const end of ["leave", "close"]) {
    await start();
    world.socket.cut();
    await presence[end]();
    await world.pass(60);
    assert.equal(presence.state, "closed");
  }
  assert.deepEqual([world.sockets.length, world.timers], [2, 0]);
});

test("close() while connecting lets no link come up afterwards", async () => {
  let give;
  await start({ getToken: () => new Promise((resolve) => (give = resolve)) });
  presence.close();
  give("token");
  await settle();
  assert.equal(world.sockets.length, 0);
  await assert.rejects(presence.ready, /closed by the page/);
});

for (const [when, links] of [["waiting", 1], ["connecting", 1], ["connected", 2]]) {
  test(`a listener that closes the presence when it is ${when} is obeyed`, async () => {
    await start();
    presence.addEventListener("statechange", ({ detail }) => detail.state === when && presence.close());
    world.socket.cut();
    await world.pass(1);
    if (when === "connected") await welcome(world);
    await world.pass(60);
    assert.deepEqual([presence.state, world.sockets.length, world.timers], ["closed", links, 0]);
    assert.equal(states.at(-1).state, "closed");
  });
}

// --- watching

test("it watches, and tells changes of one Map", async () => {
  const socket = await stand();
  const changes = [];
  presence.addEventListener("change", ({ detail }) => changes.push(detail));
  const [{ request_id, ...watch }] = socket.of("watch");
  assert.deepEqual(watch, { type: "watch" });
  socket.say({ type: "client_list", request_id, epoch: "e1", revision: 7, clients: [record("a")] });
  socket.say({ type: "diff", epoch: "e1", revision: 8, joins: [record("b")] });
  assert.deepEqual([...presence.clients.keys()], ["a", "b"]);
  assert.deepEqual(changes.map(({ joins }) => joins.length), [1, 1]);
});

test("on a new link it asks for what it missed", async () => {
  const socket = await stand();
  const { request_id } = socket.of("watch")[0];
  socket.say({ type: "client_list", request_id, epoch: "e1", revision: 7, clients: [record("a")] });
  socket.cut();
  await world.pass(1);
  await welcome(world);
  const [{ epoch, revision }] = world.socket.of("watch");
  assert.deepEqual([epoch, revision], ["e1", 7]);
});

test("a snapshot that its link did not finish is no part of the next one", async () => {
  const socket = await stand();
  const { request_id } = socket.of("watch")[0];
  const page = { type: "client_list", epoch: "e1", revision: 7 };
  socket.say({ ...page, request_id, clients: [record("a")], after: "a" });
  socket.cut();
  await world.pass(1);
  await welcome(world);
  const again = world.socket.of("watch")[0];
  world.socket.say({ ...page, request_id: again.request_id, clients: [record("b")] });
  assert.deepEqual([...presence.clients.keys()], ["b"]);
});

test("diffs from before the answer to its watch are not for it", async () => {
  const socket = await stand();
  socket.say({ type: "diff", epoch: "e1", revision: 9, joins: [record("b")] });
  assert.deepEqual([presence.clients.size, socket.of("watch").length], [0, 1]);
});

test("a gap asks for what was missed, and where that does not help for everything", async () => {
  const socket = await stand();
  const answer = (fields) => socket.say({ request_id: socket.of("watch").at(-1).request_id, epoch: "e1", ...fields });
  answer({ type: "client_list", revision: 7, clients: [record("a")] });
  socket.say({ type: "diff", epoch: "e1", revision: 9 });
  assert.deepEqual([socket.of("watch")[1].epoch, socket.of("watch")[1].revision], ["e1", 7]);
  answer({ type: "diff", revision: 7 });
  socket.say({ type: "diff", epoch: "e1", revision: 9 });
  assert.equal(socket.of("watch")[2].epoch, undefined);
  answer({ type: "client_list", revision: 9, clients: [record("b")] });
  assert.deepEqual([...presence.clients.keys()], ["b"]);
});

test("who may not watch is told so, and stays present", async () => {
  const socket = await stand();
  const refused = [];
  presence.addEventListener("refused", ({ detail }) => refused.push(detail.code));
  const { request_id } = socket.of("watch")[0];
  socket.say({ type: "error", request_id, code: "forbidden", message: "no" });
  assert.deepEqual([refused, presence.state], [["forbidden"], "connected"]);
});

test("a page that does not care who else is here does not ask", async () => {
  const socket = await stand({ watch: false });
  assert.equal(socket.of("watch").length, 0);
});
