/** Text from outside, as it may be shown. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { plain } from "../../../server/lastseen/server/web/page/plain.js";

test("what would turn round or hide text has a sign in its place", () => {
  assert.equal(plain("\u202emoc.live\u202c"), "\ufffdmoc.live\ufffd");
  assert.equal(
    plain("a\u2066b\u2069 \u0000\u001b[31m\u009b"),
    "a\ufffdb\ufffd \ufffd\ufffd[31m\ufffd",
  );
});

test("whatever people write is left as it is", () => {
  const text = "Zoë 山田 👨‍👩‍👧 שלום\u200f مرحبا\u061c!\tline\nline <b>";
  assert.equal(plain(text), text);
});
