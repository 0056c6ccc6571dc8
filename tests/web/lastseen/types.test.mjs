/** `lastseen.d.ts` promises nothing that `lastseen.js` does not have. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import * as lastseen from "../../../server/lastseen/server/web/lastseen.js";

const types = new URL("../../../server/lastseen/server/web/lastseen.d.ts", import.meta.url);

test("what the types declare is exported", async () => {
  const text = await readFile(types, "utf8");
  const names = [...text.matchAll(/^export (?:class|function|const) (\w+)/gm)].map(([, name]) => name);
  assert.ok(names.includes("connect"));
  for (const name of names) assert.equal(typeof lastseen[name], "function", name);
});

test("what the types say a presence has, it has", async () => {
  const text = await readFile(types, "utf8");
  const [, body] = text.match(/^export class Presence[^{]*\{(.*?)^\}/ms);
  const names = [...body.matchAll(/^ {2}(?:readonly )?(\w+)[(:<]/gm)].map(([, name]) => name);
  assert.ok(names.includes("setAvailability"));
  for (const name of names.filter((name) => !["constructor", "ready"].includes(name))) {
    assert.ok(name in lastseen.Presence.prototype, name);
  }
});
