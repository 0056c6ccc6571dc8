/** The API as the page asks it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Api, Problem, Unreachable } from "../../../server/lastseen/server/web/page/api.js";

function answering(status, body, headers = {}) {
  const asked = [];
  const api = new Api(new URL("http://hub/lastseen/"), async (url, options) => {
    asked.push([options.method, url, options]);
    return new Response(body, { status, headers });
  });
  return { api, asked };
}

test("ids are one segment whatever they hold, below the page's own address", async () => {
  const { api, asked } = answering(200, "{}");
  await api.client("lan:10.0.0.7/ann?x#y");
  assert.equal(asked[0][1], "http://hub/lastseen/api/clients/lan%3A10.0.0.7%2Fann%3Fx%23y");
  await api.kick("a/b");
  assert.deepEqual(asked[1].slice(0, 2), [
    "DELETE",
    "http://hub/lastseen/api/clients/a%2Fb?kick=true",
  ]);
});

test("changes are sent as JSON", async () => {
  const { api, asked } = answering(200, "{}");
  await api.change({ "server.heartbeat_interval": 30 });
  const [method, , { body, headers }] = asked[0];
  assert.deepEqual(
    [method, body, headers["content-type"]],
    ["PATCH", '{"server.heartbeat_interval":30}', "application/json"],
  );
});

test("a refusal is a problem with the server's own sentence", async () => {
  const { api } = answering(409, JSON.stringify({ code: "client_present", detail: "it is here" }));
  await assert.rejects(api.forget("a"), (error) => {
    assert.ok(error instanceof Problem);
    assert.deepEqual(
      [error.status, error.code, error.message],
      [409, "client_present", "it is here"],
    );
    return true;
  });
});

test("a refusal of somebody in between is one, too, whatever it says", async () => {
  const { api } = answering(502, "<html>Bad gateway");
  await assert.rejects(
    api.stats(),
    (error) => error instanceof Problem && error.message === "the server answered 502",
  );
});

test("no answer is another thing than a refusal", async () => {
  const api = new Api(new URL("http://hub/"), async () => {
    throw new TypeError("Failed to fetch");
  });
  await assert.rejects(api.stats(), Unreachable);
});

test("an empty answer is none", async () => {
  const api = new Api(new URL("http://hub/"), async () => new Response(null, { status: 204 }));
  assert.equal(await api.forget("a"), undefined);
});

test("the server's clock is followed when it differs", async () => {
  const ahead = async (seconds) => {
    const date = new Date(Date.now() + seconds * 1000).toUTCString();
    const { api } = answering(200, "{}", { date });
    await api.stats();
    return api.ahead;
  };
  assert.equal(await ahead(0), 0);
  assert.ok(Math.abs((await ahead(3600)) - 3600) < 2);
  assert.ok(Math.abs((await ahead(-60)) + 60) < 2);
});
