/** What is announced to people who listen to the page. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Announcer } from "../../../server/lastseen/server/web/page/announcer.js";
import { client } from "./known.mjs";

const COUNTS = () => ({ online: 1, late: 0, offline: 0 });

/** The announcements of what happens to an announcer that starts with these clients. */
function announced(clients, ...changes) {
  const element = { textContent: "" };
  let pass = null;
  const announcer = new Announcer(element, COUNTS, (callback) => (pass = callback));
  announcer.begin(clients);
  for (const changed of changes) announcer.note(changed);
  pass();
  return element.textContent;
}

test("another note or name is not announced, another status is", () => {
  const ada = client("ada", { status: "online" });
  assert.equal(announced([ada], { ...ada, note: "lunch" }, { ...ada, name: "Ada" }), "");
  assert.equal(announced([ada], { ...ada, status: "late" }), "ada is late.");
});

test("a client that was not in the snapshot is announced when it comes", () => {
  assert.equal(announced([], client("ada", { status: "online" })), "ada is online.");
});

test("a snapshot after a gap does not hide what changed during the gap", () => {
  const ada = client("ada", { status: "online" });
  const element = { textContent: "" };
  let pass = null;
  const announcer = new Announcer(element, COUNTS, (callback) => (pass = callback));
  announcer.begin([ada]);
  announcer.begin([{ ...ada, status: "late" }]);
  announcer.note({ ...ada, status: "late" });
  pass();
  assert.equal(element.textContent, "ada is late.");
});
