/** What the page says, in words. */

import assert from "node:assert/strict";
import { test } from "node:test";

import * as wording from "../../../server/lastseen/server/web/page/wording.js";
import { client, offline } from "./known.mjs";

const NOW = Date.UTC(2026, 10, 22, 12, 3) / 1000;

test("one online is told for how long, the others when they were last seen", () => {
  assert.equal(wording.standing(client("a"), NOW), "online for 3 minutes");
  assert.equal(wording.standing(client("a", { status: "late" }), NOW), "last seen 3 minutes ago");
  assert.equal(wording.standing(offline("a"), NOW), "last seen 3 minutes ago");
});

test("the head of the panel says why", () => {
  assert.equal(
    wording.headline(offline("a", { reason: "timeout" }), NOW),
    "Offline for 3 min, timed out",
  );
  assert.equal(wording.headline(offline("a", { reason: "" }), NOW), "Offline for 3 min");
  assert.equal(wording.headline(client("a"), NOW), "Online for 3 min");
});

test("an id that several processes share is marked for as long as the server counts it", () => {
  const at = (seconds) => client("a", { contested_at: new Date((NOW - seconds) * 1000).toISOString() });
  assert.equal(wording.isContested(client("a"), NOW), false);
  assert.equal(wording.isContested(at(5), NOW), true);
  assert.equal(wording.isContested(at(601), NOW), false);
});

test("a few changes are announced by name, many by number", () => {
  const counts = { online: 12, late: 0, offline: 3 };
  assert.equal(wording.announcement([], counts), "");
  assert.equal(
    wording.announcement([client("a", { name: "Ada" }), offline("b")], counts),
    "Ada is online. b is offline.",
  );
  const many = ["a", "b", "c", "d"].map((id) => client(id));
  assert.equal(wording.announcement(many, counts), "4 clients changed. 12 online.");
});

test("the title counts those online", () => {
  assert.equal(wording.pageTitle({ online: 10_000 }), "10,000 online · lastseen");
  assert.equal(wording.pageTitle(null), "? online · lastseen");
});

test("a strip is told in words to those who do not see it", () => {
  assert.equal(
    wording.stripInWords({ online: 3600, late: 0.5, offline: 60, unwatched: 0 }),
    "Online 1 h, Offline 1 min",
  );
  assert.equal(wording.stripInWords({ online: 0 }), "Nothing known of the last 24 hours");
});

test("an uptime is never rounded up to a hundred", () => {
  assert.equal(wording.percentage({ online: 10, watched: 10 }), "100 %");
  assert.equal(wording.percentage({ online: 99_999, watched: 100_000 }), "99.99 %");
  assert.equal(wording.percentage({ online: 1, watched: 3 }), "33.3 %");
  assert.equal(wording.percentage({ online: 0, watched: 0 }), "–");
});

test("an empty list says why it is", () => {
  const nothing = { status: "", group: "", search: "" };
  assert.match(wording.emptiness(nothing, false)[0], /Nobody has been here/);
  assert.match(wording.emptiness({ ...nothing, search: "<b>" }, true)[0], /“<b>”/);
  assert.match(wording.emptiness({ ...nothing, group: "rack" }, true)[0], /rack/);
  assert.match(wording.emptiness({ ...nothing, status: "late" }, true)[0], /late/);
});

test("bytes are told in the unit that fits", () => {
  assert.deepEqual([999, 1500, 85_303_296, 2.4e9].map(wording.bytes), [
    "999 bytes",
    "1.5 KB",
    "85 MB",
    "2.4 GB",
  ]);
});
