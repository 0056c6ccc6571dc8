/** The shapes of the last 24 hours. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  at,
  columns,
  paths,
  readTimeline,
  runs,
  totals,
} from "../../../server/lastseen/server/web/page/strip.js";

const span = (since, until, status) => ({ since, until, status });
const timeline = (spans, unwatched = []) => ({ since: 0, until: 100, spans, unwatched });

test("each column shows what was, and nothing before the client was first seen", () => {
  const drawn = columns(timeline([span(50, 80, "online"), span(80, 100, "offline")]), 10);
  const [none, on, off] = [null, "online", "offline"];
  assert.deepEqual(drawn, [none, none, none, none, none, on, on, on, off, off]);
});

test("ten seconds offline in a day are seen: the worst of a column wins", () => {
  const drawn = columns(
    timeline([
      span(0, 31, "online"),
      span(31, 31.1, "offline"),
      span(31.1, 62, "online"),
      span(62, 62.1, "late"),
      span(62.1, 100, "online"),
    ]),
    10,
  );
  assert.deepEqual(drawn.map((kind) => kind[0]).join(""), "ooo" + "o" + "ooolooo".slice(1));
  assert.equal(drawn[3], "offline");
  assert.equal(drawn[6], "late");
});

test("what was mostly not watched is drawn so, a short restart is not", () => {
  const always = [span(0, 100, "online")];
  assert.equal(columns(timeline(always, [span(20, 26, "")]), 10)[2], "unwatched");
  assert.equal(columns(timeline(always, [span(20, 24, "")]), 10)[2], "online");
  assert.equal(columns(timeline(always, [span(20, 23, ""), span(24, 27, "")]), 10)[2], "unwatched");
});

test("one that came just after the server did is seen at once", () => {
  assert.equal(columns(timeline([span(98, 100, "online")], [span(0, 97, "")]), 10)[9], "online");
});

test("where the client was not known, nothing is drawn, watched or not", () => {
  assert.equal(columns(timeline([span(50, 100, "online")], [span(0, 30, "")]), 10)[1], null);
});

test("a stretch that lies over the window's ends is cut", () => {
  assert.deepEqual(columns(timeline([span(-50, 500, "late")]), 3), ["late", "late", "late"]);
});

test("neighbours of one kind are one run", () => {
  assert.deepEqual(runs(["online", "online", null, "online", "late"]), [
    { kind: "online", from: 0, to: 2 },
    { kind: "online", from: 3, to: 4 },
    { kind: "late", from: 4, to: 5 },
  ]);
});

test("shapes tell kinds apart without colour: tall, lower, a line, dots", () => {
  const { online, late, offline, unwatched } = paths(
    ["online", "late", "offline", "unwatched", "unwatched", "unwatched", "unwatched"],
    100,
  );
  assert.equal(online, "M0 0h1v100h-1z");
  assert.equal(late, "M1 22h1v56h-1z");
  assert.equal(offline, "M2 43h1v14h-1z");
  assert.equal(unwatched, "M3 43h1v14h-1zM6 43h1v14h-1z");
});

test("seconds are counted by kind, and what was not watched counts for nothing else", () => {
  const sums = totals(
    timeline([span(0, 60, "online"), span(60, 100, "offline")], [span(50, 70, "")]),
  );
  assert.deepEqual(sums, { online: 50, late: 0, offline: 30, unwatched: 20 });
});

test("what was at a moment", () => {
  const drawn = timeline([span(20, 60, "online"), span(60, 100, "offline")], [span(70, 80, "")]);
  assert.equal(at(drawn, 10), null);
  assert.equal(at(drawn, 59).status, "online");
  assert.equal(at(drawn, 60).status, "offline");
  assert.deepEqual(at(drawn, 75), { since: 70, until: 80, status: "unwatched" });
});

test("a timeline of the API is read", () => {
  const stretch = { since: "1970-01-01T00:00:00Z", until: "1970-01-01T00:01:40Z" };
  const read = readTimeline({ ...stretch, unwatched: [stretch] }, [{ ...stretch, status: "late" }]);
  assert.deepEqual(read.spans, [span(0, 100, "late")]);
  assert.equal(read.unwatched[0].until, 100);
});
