/** Moments and durations as people read them. */

import assert from "node:assert/strict";
import { test } from "node:test";

import * as times from "../../../server/lastseen/server/web/page/times.js";

const table = (name, tell, rows) => {
  for (const [given, expected] of rows)
    test(`${name} of ${given} is ${expected}`, () => assert.equal(tell(given), expected));
};

table("roughly", times.roughly, [
  [-3, "0 seconds"],
  [0, "0 seconds"],
  [1, "1 second"],
  [59.9, "59 seconds"],
  [60, "1 minute"],
  [3599, "59 minutes"],
  [7200, "2 hours"],
  [86_399, "23 hours"],
  [86_400 * 3.9, "3 days"],
]);

table("precisely", times.precisely, [
  [0, "0 s"],
  [0.4, "0 s"],
  [61, "1 min 1 s"],
  [3600, "1 h"],
  [3600 + 59, "1 h"],
  [11_520, "3 h 12 min"],
  [90_000, "1 d 1 h"],
]);

table("ago", (passed) => times.ago(0, passed), [
  [-10, "just now"],
  [4.9, "just now"],
  [5, "5 seconds ago"],
  [180, "3 minutes ago"],
  [13 * 86_400, "13 days ago"],
  [14 * 86_400, "14 days ago"],
  [355 * 86_400, "355 days ago"],
]);

test("a moment of the wire is Unix time", () => {
  assert.equal(times.moment("2026-11-22T12:00:00.25Z"), Date.UTC(2026, 10, 22, 12) / 1000 + 0.25);
  assert.ok(Number.isNaN(times.moment(undefined)));
});

test("the exact time has a date, and seconds", () => {
  const at = new Date(2026, 10, 2, 9, 5, 7).getTime() / 1000;
  assert.equal(times.exact(at), "2 Nov 2026, 09:05:07");
  assert.equal(times.minute(at), "09:05");
});

test("days of a calendar have names while they are near", () => {
  const at = (day) => new Date(2026, 10, day, 12).getTime() / 1000;
  assert.equal(times.calendarDay(at(22), at(22)), "today");
  assert.equal(times.calendarDay(at(21), at(22)), "yesterday");
  assert.equal(times.calendarDay(at(20), at(22)), "20 Nov 2026");
});
