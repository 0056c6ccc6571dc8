/** Which clients are listed, in which groups and order. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  arrangement,
  groupNames,
  listing,
  titleOf,
} from "../../../server/lastseen/server/web/page/listing.js";
import { client, offline } from "./known.mjs";

const CHOICE = { status: "", group: "", search: "", by: "nothing", sort: "name" };
const list = (clients, choice = {}, folded) => listing(clients, { ...CHOICE, ...choice }, folded);
const shown = (rows) =>
  rows.map((row) => (row.kind === "group" ? `[${row.title}]` : titleOf(row.client)));
const ids = (clients, choice) => list(clients, choice).map((row) => row.client.client_id);

test("those online come first, then those late, and within a status names in order", () => {
  const clients = [
    offline("a"),
    client("d"),
    client("c", { status: "late" }),
    client("b", { name: "Zoë" }),
    client("e", { name: "ann" }),
  ];
  assert.deepEqual(shown(list(clients)), ["ann", "d", "Zoë", "c", "a"]);
});

test("numbers in names are in the order of numbers", () => {
  assert.deepEqual(ids([client("web-10"), client("web-9"), client("web-100")]), [
    "web-9",
    "web-10",
    "web-100",
  ]);
});

test("who came or was seen last comes first, if that is wanted", () => {
  const at = (minute) => `2026-11-22T12:0${minute}:00Z`;
  const clients = [
    client("a", { since: at(1), last_seen: at(9) }),
    client("b", { since: at(2), last_seen: at(2) }),
    offline("c", { last_seen: at(3) }),
    offline("d", { last_seen: at(4) }),
  ];
  assert.deepEqual(ids(clients, { sort: "recent" }), ["b", "a", "d", "c"]);
});

test("a client stands in each of its groups, and those without one at the end", () => {
  const clients = [
    client("a", { groups: ["x", "y"] }),
    offline("b", { groups: ["x"] }),
    client("c"),
  ];
  const rows = list(clients, { by: "group" });
  assert.deepEqual(shown(rows), ["[x]", "a", "b", "[y]", "a", "[No group]", "c"]);
  assert.equal(
    new Set(rows.map(({ key }) => key)).size,
    rows.length,
    "each row has a key of its own",
  );
  assert.deepEqual([rows[0].online, rows[0].total], [1, 2]);
  assert.deepEqual(
    rows.map(({ group }) => group),
    [undefined, "x", "x", undefined, "y", undefined, ""],
  );
});

test("a client that names a group twice stands there once", () => {
  assert.deepEqual(shown(list([client("a", { groups: ["x", "x"] })], { by: "group" })), [
    "[x]",
    "a",
  ]);
});

test("by status there is a group for each status that anybody has", () => {
  assert.deepEqual(shown(list([offline("b"), client("a")], { by: "status" })), [
    "[Online]",
    "a",
    "[Offline]",
    "b",
  ]);
});

test("groups are in the order of their names, whatever they are called", () => {
  const names = ["online", "rack-1", "__proto__", "constructor", "a"];
  const clients = [client("none"), ...names.map((name) => client(name, { groups: [name] }))];
  const heads = list(clients, { by: "group" }).filter(({ kind }) => kind === "group");
  assert.deepEqual(
    heads.map(({ title }) => title),
    ["__proto__", "a", "constructor", "online", "rack-1", "No group"],
  );
});

test("without a choice groups are shown if anybody is in one, else statuses", () => {
  assert.equal(arrangement([client("a")]), "status");
  assert.equal(arrangement([client("a"), client("b", { groups: ["x"] })]), "group");
  assert.deepEqual(shown(list([client("b", { groups: ["x"] })], { by: "" })), ["[x]", "b"]);
});

test("a folded group keeps its head and hides its clients", () => {
  const clients = [client("a", { groups: ["x"] }), client("b")];
  const rows = list(clients, { by: "group" }, new Set(["group/x"]));
  assert.deepEqual(shown(rows), ["[x]", "[No group]", "b"]);
  assert.equal(rows[0].folded, true);
});

test("a status filter leaves the counts of a group whole", () => {
  const clients = [
    client("a", { groups: ["x"] }),
    offline("b", { groups: ["x"] }),
    offline("c", { groups: ["y"] }),
  ];
  const rows = list(clients, { by: "group", status: "online" });
  assert.deepEqual(shown(rows), ["[x]", "a"]);
  assert.equal(rows[0].total, 2);
  assert.deepEqual(ids(clients, { status: "present" }), ["a"]);
});

test("with a group chosen only its members are listed, under it", () => {
  const clients = [client("a", { groups: ["x", "y"] }), client("b", { groups: ["x"] })];
  assert.deepEqual(shown(list(clients, { by: "group", group: "y" })), ["[y]", "a"]);
});

test("a search finds all its words, in any field, whatever the case and the accents", () => {
  const clients = [
    client("a", { name: "Zoë Ångström", hostname: "mac-1" }),
    client("b", { name: "Zoe", note: "at lunch" }),
  ];
  assert.deepEqual(ids(clients, { search: "ZOE mac" }), ["a"]);
  assert.deepEqual(ids(clients, { search: "angstrom" }), ["a"]);
  assert.deepEqual(ids(clients, { search: " lunch " }), ["b"]);
  assert.deepEqual(ids(clients, { search: "zoe nobody" }), []);
});

test("the list that was given is left as it was", () => {
  const clients = Object.freeze([offline("b"), client("a")]);
  assert.deepEqual(ids(clients), ["a", "b"]);
});

test("a name of spaces is no name", () => {
  for (const name of ["", "  ", "\u2800", "\u3164\u200b", "\u00a0\u3000"]) {
    assert.equal(titleOf(client("a", { name })), "a");
  }
  assert.equal(titleOf(client("a", { name: " Zoë " })), "Zoë");
});

test("the names of groups are in order", () => {
  assert.deepEqual(
    groupNames([client("a", { groups: ["rack-10", "rack-9"] }), client("b", { groups: ["Ä"] })]),
    ["Ä", "rack-9", "rack-10"],
  );
});
