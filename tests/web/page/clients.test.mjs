/** Everyone known: the stream and the walk through those offline. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Clients, Gap, countByStatus } from "../../../server/lastseen/server/web/page/clients.js";
import { offline, record } from "./known.mjs";

let clients;
const page = (revision, records, fields = {}) => ({
  clients: records,
  epoch: "e1",
  revision,
  ...fields,
});
const diff = (revision, fields) => ({ epoch: "e1", revision, ...fields });
const statuses = () => Object.fromEntries([...clients.all].map(([id, { status }]) => [id, status]));

beforeEach(() => {
  clients = new Clients();
  clients.takePage(page(3, [record("a"), record("b", { status: "late" })], { first: true }));
});

test("the snapshot is shown when its last page is in", () => {
  clients = new Clients();
  assert.equal(clients.takePage(page(3, [record("a")], { first: true, after: "a" })), null);
  assert.deepEqual(clients.takePage(page(3, [record("b")])), ["a", "b"]);
  assert.equal(clients.position, "e1:3");
});

test("records have what the wire leaves out", () => {
  assert.deepEqual(clients.all.get("a").groups, []);
  clients.beginWalk();
  clients.takeOffline([{ client_id: "z", status: "offline" }]);
  assert.deepEqual(clients.all.get("z").groups, []);
});

test("who leaves stays, offline", () => {
  const left = { ...record("a"), status: "offline", reason: "timeout" };
  assert.deepEqual(clients.takeDiff(diff(4, { leaves: [left] })), ["a"]);
  assert.deepEqual(statuses(), { a: "offline", b: "late" });
  assert.equal(clients.all.get("a").reason, "timeout");
  clients.takeDiff(diff(5, { joins: [record("a")] }));
  assert.deepEqual(statuses(), { a: "online", b: "late" });
});

test("a diff that was seen already changes nothing, and one that skips is a gap", () => {
  assert.equal(clients.takeDiff(diff(3, { leaves: [record("a")] })), null);
  assert.throws(() => clients.takeDiff(diff(5, {})), Gap);
  clients.startAnew();
  assert.equal(clients.position, "");
  assert.deepEqual(
    statuses(),
    { a: "online", b: "late" },
    "what is shown stays until there is better",
  );
});

test("a snapshot that breaks off is forgotten with the first page of the next", () => {
  clients.takePage(page(9, [record("ghost")], { first: true, after: "ghost" }));
  clients.takePage(page(1, [record("a")], { first: true, epoch: "e2" }));
  assert.deepEqual(statuses(), { a: "online", b: "offline" });
  assert.equal(clients.position, "e2:1");
});

test("who is gone from a later snapshot is offline until the walk knows better", () => {
  clients.takePage(page(1, [], { first: true, epoch: "e2" }));
  assert.deepEqual(statuses(), { a: "offline", b: "offline" });
  clients.beginWalk();
  clients.takeOffline([offline("a", { reason: "timeout" })]);
  assert.deepEqual(clients.endWalk(), ["b"]);
  assert.equal(clients.all.get("a").reason, "timeout");
});

test("a walk adds those offline, and never contradicts the stream", () => {
  clients.beginWalk();
  assert.deepEqual(clients.takeOffline([offline("a"), offline("z")]), ["z"]);
  assert.deepEqual(statuses(), { a: "online", b: "late", z: "offline" });
});

test("what the stream says during a walk is newer than its pages", () => {
  clients.beginWalk();
  const left = offline("a", { reason: "kicked" });
  clients.takeDiff(diff(4, { leaves: [left] }));
  clients.takeOffline([offline("a", { reason: "left" })]);
  assert.deepEqual(clients.endWalk(), []);
  assert.equal(clients.all.get("a").reason, "kicked");
});

test("who is not listed by a whole walk was forgotten", () => {
  clients.beginWalk();
  clients.takeOffline([offline("y"), offline("z")]);
  clients.endWalk();
  clients.beginWalk();
  clients.takeOffline([offline("z")]);
  assert.deepEqual(clients.endWalk(), ["y"]);
  assert.deepEqual(statuses(), { a: "online", b: "late", z: "offline" });
});

test("only those offline can be forgotten", () => {
  clients.beginWalk();
  clients.takeOffline([offline("z")]);
  clients.forget("z");
  clients.forget("a");
  assert.deepEqual(statuses(), { a: "online", b: "late" });
  assert.deepEqual(countByStatus(clients.all.values()), { online: 1, late: 1, offline: 0 });
});

test("who was asked for by its id is known, unless more is known already", () => {
  clients.learn(offline("y"));
  clients.learn(offline("a"));
  assert.deepEqual(statuses(), { a: "online", b: "late", y: "offline" });
  assert.deepEqual(clients.all.get("y").groups, []);
});
