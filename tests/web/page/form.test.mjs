/** Settings as a form. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  boundsOf,
  changesOf,
  labelOf,
  readValue,
  settingNamedIn,
} from "../../../server/lastseen/server/web/page/form.js";

const interval = {
  key: "server.heartbeat_interval",
  value: 60,
  minimum: 10,
  maximum: 600,
  unit: "seconds",
};
const timeout = { key: "server.connection_timeout", value: 120, minimum: 0.05, unit: "seconds" };

test("a setting is called by words", () => {
  assert.equal(labelOf(interval), "Heartbeat interval");
});

test("bounds are told as far as there are any", () => {
  assert.equal(boundsOf(interval), "from 10 to 600 seconds");
  assert.equal(boundsOf(timeout), "from 0.05 seconds");
  assert.equal(boundsOf({ maximum: 604_800 }), "up to 604,800");
  assert.equal(boundsOf({ minimum: 0, maximum: 5 }), "from 0 to 5");
  assert.equal(boundsOf({}), "");
});

test("a number within its bounds is taken, whatever is around it", () => {
  assert.deepEqual(readValue(interval, " 30 "), { value: 30 });
  assert.deepEqual(readValue(interval, "10"), { value: 10 });
  assert.deepEqual(readValue(timeout, "1.5"), { value: 1.5 });
});

test("anything else is refused with what was expected, and what was met", () => {
  for (const typed of ["5", "601", "soon", "NaN"]) {
    assert.deepEqual(readValue(interval, typed), {
      problem: `Expected from 10 to 600 seconds, got “${typed}”.`,
    });
  }
  assert.deepEqual(readValue(interval, " "), {
    problem: "Expected from 10 to 600 seconds, got nothing.",
  });
});

test("switches and texts are taken as they are", () => {
  assert.deepEqual(readValue({ key: "a", value: true }, false), { value: false });
  assert.deepEqual(readValue({ key: "a", value: "x" }, ""), { value: "" });
});

test("only what is another than before is sent", () => {
  const values = { [interval.key]: 60, [timeout.key]: 90 };
  assert.deepEqual(changesOf([interval, timeout], values), { [timeout.key]: 90 });
});

test("a refusal is shown at the setting that it names first", () => {
  const detail =
    "server.connection_timeout: must be greater than server.heartbeat_interval (60), got 30";
  assert.equal(settingNamedIn(detail, [interval, timeout]), timeout.key);
  assert.equal(settingNamedIn("the store does not answer", [interval, timeout]), null);
});
