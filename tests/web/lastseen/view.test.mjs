/** Everyone present: snapshots, diffs, and what was missed. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Gap, View } from "../../../server/lastseen/server/web/lastseen.js";
import { record } from "./world.mjs";

let view;
const page = (revision, clients, after) => ({ type: "client_list", epoch: "e1", revision, clients, after });
const diff = (revision, fields = {}) => ({ type: "diff", epoch: "e1", revision, ...fields });
const ids = (records) => records.map(({ client_id }) => client_id);
const here = () => [...view.clients.keys()];

beforeEach(() => {
  view = new View();
});

test("everyone in the first snapshot joins", () => {
  const change = view.apply(page(3, [record("a"), record("b")]));
  assert.deepEqual(ids(change.joins), ["a", "b"]);
  assert.deepEqual([change.leaves, change.updates], [[], []]);
  assert.deepEqual([view.epoch, view.revision], ["e1", 3]);
});

test("until the last page is in, the view stays what it was", () => {
  view.apply(page(3, [record("a")]));
  assert.equal(view.apply(page(5, [record("a")], "a")), null);
  assert.equal(view.apply(diff(6, { joins: [record("c")], leaves: [record("a")] })), null);
  assert.deepEqual(here(), ["a"]);
  const change = view.apply(page(6, [record("b")]));
  assert.deepEqual([ids(change.joins), ids(change.leaves)], [["c", "b"], ["a"]]);
  assert.equal(view.revision, 6);
});

test("a diff changes the one Map in place", () => {
  view.apply(page(3, [record("a"), record("b")]));
  const { clients } = view;
  const fields = { joins: [record("c")], leaves: [record("a")], updates: [record("b", { note: "x" })] };
  const change = view.apply(diff(4, fields));
  assert.deepEqual([ids(change.joins), ids(change.leaves), ids(change.updates)], [["c"], ["a"], ["b"]]);
  assert.equal(view.clients, clients);
  assert.deepEqual(here(), ["b", "c"]);
  assert.equal(clients.get("b").note, "x");
});

test("a new snapshot tells the differences to what was known", () => {
  view.apply(page(3, [record("a"), record("b"), record("c")]));
  const change = view.apply({ ...page(1, [record("b"), record("c", { status: "late" }), record("d")]), epoch: "e2" });
  assert.deepEqual([ids(change.joins), ids(change.leaves), ids(change.updates)], [["d"], ["a"], ["c"]]);
  assert.deepEqual([view.epoch, view.revision], ["e2", 1]);
});

test("a diff that is known already changes nothing", () => {
  view.apply(page(3, [record("a")]));
  assert.equal(view.apply(diff(3, { leaves: [record("a")] })), null);
  assert.deepEqual(here(), ["a"]);
});

test("a diff that skips a revision, or is of another epoch, is a gap", () => {
  assert.throws(() => view.apply(diff(1)), Gap);
  view.apply(page(3, [record("a")]));
  assert.throws(() => view.apply(diff(5)), Gap);
  assert.throws(() => view.apply({ ...diff(4), epoch: "e2" }), Gap);
  assert.equal(view.revision, 3);
});

test("what the wire leaves out has its default", () => {
  view.apply(page(1, [record("a")]));
  const { name, groups, availability, via, sessions } = view.clients.get("a");
  assert.deepEqual({ name, groups, availability, via, sessions }, {
    name: "", groups: [], availability: "available", via: "tcp", sessions: 0,
  });
});

test("garbage leaves the view as it was", () => {
  view.apply(page(3, [record("a")]));
  for (const fields of [{ revision: "4" }, { revision: undefined }, { revision: 4.5 }, { epoch: 7 }]) {
    assert.equal(view.apply({ ...diff(4, { leaves: [record("a")] }), ...fields }), null);
  }
  view.apply(diff(4, { joins: [null, 7, {}, { client_id: 7 }], leaves: "a", updates: { 0: record("a") } }));
  assert.deepEqual(here(), ["a"]);
});

test("names that mean something to JavaScript are names like others", () => {
  view.apply(JSON.parse('{"type":"client_list","epoch":"e1","revision":1,"clients":[{"client_id":"__proto__","__proto__":{"status":"x"}}]}'));
  assert.deepEqual(here(), ["__proto__"]);
  assert.equal(Object.getPrototypeOf(view.clients.get("__proto__")), Object.prototype);
});

test("whatever was missed, a view that follows equals one that looks anew", () => {
  const names = ["a", "b", "c", "d", "e"];
  let seed = 1;
  const below = (count) => (seed = (seed * 48271) % 2147483647) % count;
  for (let round = 0; round < 200; round++) {
    const [truth, follower] = [new Map(), new View()];
    follower.apply(page(0, []));
    for (let revision = 1; revision <= 20; revision++) {
      const name = names[below(names.length)];
      const now = record(name, { note: String(revision) });
      if (!truth.has(name)) follower.apply(diff(revision, { joins: [now] }));
      else if (below(2)) follower.apply(diff(revision, { updates: [now] }));
      else {
        follower.apply(diff(revision, { leaves: [now] }));
        truth.delete(name);
        continue;
      }
      truth.set(name, now);
    }
    const looker = new View();
    looker.apply(page(20, [...truth.values()]));
    const sorted = ({ clients }) => [...clients].sort(([a], [b]) => (a < b ? -1 : 1));
    assert.deepEqual(sorted(follower), sorted(looker));
  }
});
