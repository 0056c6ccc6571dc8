/** Which silences concern a client. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  concerns,
  coversOnly,
  literally,
  matchesGlob,
  scopeInWords,
} from "../../../server/lastseen/server/web/page/silences.js";
import { client } from "./known.mjs";

const GLOBS = [
  ["web-*", "web-01", true],
  ["web-*", "db-web-1", false],
  ["web-?", "web-☃", true],
  ["web-?", "web-10", false],
  ["web-[12]", "web-2", true],
  ["web-[!12]", "web-2", false],
  ["a.b", "axb", false],
  ["a[", "a[", true],
  ["*", "two\nlines", true],
  ["[]-", "[]-", true],
];

for (const [glob, id, expected] of GLOBS) {
  test(`${glob} ${expected ? "fits" : "does not fit"} ${JSON.stringify(id)}`, () =>
    assert.equal(matchesGlob(glob, id), expected));
}

test("any id as a glob fits itself only", () => {
  for (const id of ["a*b", "[x]", "what?", "a\\b", "(.+)"]) {
    assert.ok(matchesGlob(literally(id), id), id);
    assert.ok(!matchesGlob(literally(id), id.replace(/[*?[(\\]/, "y")), id);
  }
});

test("a silence of a name and a group needs both, one of neither concerns everyone", () => {
  const one = client("web-1", { groups: ["rack-3"] });
  assert.ok(concerns({}, one));
  assert.ok(concerns({ clients: ["db-*", "web-*"] }, one));
  assert.ok(concerns({ clients: ["web-*"], groups: ["rack-3"] }, one));
  assert.ok(!concerns({ clients: ["web-*"], groups: ["rack-4"] }, one));
});

test("a silence's scope in words; only one of a single id covers nothing else", () => {
  const one = client("web-[1]", { groups: ["rack-3"] });
  assert.ok(coversOnly({ clients: [literally("web-[1]")] }, one));
  for (const [silence, words] of [
    [{ clients: ["web-*"] }, "web-*"],
    [{ clients: ["web-*"], groups: ["rack-3"] }, "web-* in group rack-3"],
    [{ groups: ["rack-3", "rack-4"] }, "every client in groups rack-3 or rack-4"],
    [{}, "every client"],
  ]) {
    assert.equal(scopeInWords(silence), words);
    assert.ok(!coversOnly(silence, one), words);
  }
});
