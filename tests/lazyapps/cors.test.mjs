// What browsers ask before they let the pages of front ends ask.
import assert from "node:assert/strict";
import { test } from "node:test";

import { answerOf, customer } from "./lib/shop.mjs";
import { url } from "./lib/stack.mjs";

const VITE = "http://localhost:5173";
const FOREIGN = "https://evil.example";
const METHODS = "GET,HEAD,PUT,PATCH,POST,DELETE";

const list = (text) => (text ?? "").toLowerCase().split(",").map((each) => each.trim());

async function preflight(service, path, origin, asked) {
  return answerOf(
    await fetch(url(service, path), {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": asked,
      },
    }),
  );
}

const PREFLIGHTS = [
  ["command-api", "/api/command", "content-type"],
  ["customers", "/query/overview/all", "content-type,x-correlation-id"],
  ["customers", "/query/editing/byId", "content-type,x-correlation-id"],
  ["orders", "/query/overview/all", "content-type,x-correlation-id"],
  ["orders", "/query/overview/customerById", "content-type,x-correlation-id"],
  ["orders", "/query/confirmationRequests/all", "content-type,x-correlation-id"],
  ["orders", "/graphql", "content-type"],
];

for (const [service, path, asked] of PREFLIGHTS) {
  test(`preflight of ${service} ${path}`, async () => {
    for (const origin of [VITE, "http://127.0.0.1:4173"]) {
      const { status, headers, text } = await preflight(service, path, origin, asked);
      assert.deepEqual([status, text], [204, ""]);
      assert.equal(headers.get("access-control-allow-origin"), origin);
      assert.equal(headers.get("access-control-allow-methods"), METHODS);
      assert.deepEqual(list(headers.get("access-control-allow-headers")), list(asked));
      assert.ok(list(headers.get("vary")).includes("origin"), "caches tell origins apart");
    }
    const { headers } = await preflight(service, path, FOREIGN, asked);
    assert.equal(headers.get("access-control-allow-origin"), null, "a foreign one is not named");
  });
}

test("pages may read answers and their headers, those of foreign origins may not", async () => {
  await customer("Anna");
  for (const service of ["customers", "orders"]) {
    const ask = async (origin) =>
      fetch(url(service, "/query/overview/all"), { headers: { origin } });
    const own = await ask(VITE);
    assert.equal(own.headers.get("access-control-allow-origin"), VITE);
    const exposed = list(own.headers.get("access-control-expose-headers"));
    assert.ok(exposed.includes("x-correlation-id") && exposed.includes("oneway-token"), exposed);
    assert.equal((await ask(FOREIGN)).headers.get("access-control-allow-origin"), null);
  }
});

test("so may pages that listen for changes", async () => {
  const path = "/socket.io/?correlationId=REACT-1&EIO=4&transport=polling";
  const ask = async (origin) => fetch(url("change-notifier", path), { headers: { origin } });
  const answer = await ask(VITE);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("access-control-allow-origin"), VITE);
  const text = await answer.text();
  assert.equal(text[0], "0", "an open packet");
  const opened = JSON.parse(text.slice(1));
  const { pingInterval, pingTimeout, upgrades } = opened;
  assert.deepEqual(
    { pingInterval, pingTimeout, upgrades },
    { pingInterval: 25_000, pingTimeout: 20_000, upgrades: ["websocket"] },
  );
  assert.equal((await ask(FOREIGN)).headers.get("access-control-allow-origin"), null);
});
