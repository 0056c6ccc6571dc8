/** What is looked at, in the page's address. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { readAddress, writeAddress } from "../../../server/lastseen/server/web/page/address.js";

const NOTHING = { status: "", group: "", search: "", by: "", sort: "name", client: "", view: "" };

test("an address without a query is everyone", () => {
  assert.deepEqual(readAddress(""), NOTHING);
  assert.equal(writeAddress(NOTHING), "");
});

test("whatever is chosen comes back", () => {
  const choice = {
    status: "late",
    group: "a&b=c",
    search: "Zoë ☃",
    by: "status",
    sort: "recent",
    client: "lan:10.0.0.7/ann",
    view: "health",
  };
  assert.deepEqual(readAddress(writeAddress(choice)), choice);
});

test("what is unknown is passed over", () => {
  assert.deepEqual(readAddress("?status=asleep&sort=&view=%00&utm=1"), NOTHING);
});
