// Queries: the five resolvers, with exact fields and types.
import assert from "node:assert/strict";
import { test } from "node:test";

import { answerOf, command, customer, known, newId, order, resolve, row } from "./lib/shop.mjs";
import { eventually, paused, resume, url } from "./lib/stack.mjs";

const POLICIES = ["order-confirmation", "order-valuation"];
const TODAY = () => new Date().toISOString().slice(0, 10);

test("customers overview/all has id and name", async () => {
  const id = await customer("Anna", "Bern");
  assert.deepEqual(await row("customers", "overview/all", id), { id, name: "Anna" });
});

test("customers editing/byId has id, name and location; nothing for an unknown id", async () => {
  const [id, homeless] = [await customer("Ben", "Basel"), newId()];
  await command("customer", homeless, "CREATE", { name: "Cleo" });
  for (const wanted of [
    { id, name: "Ben", location: "Basel" },
    { id: homeless, name: "Cleo", location: "" },
  ]) {
    const look = () => resolve("customers", "editing/byId", { id: wanted.id });
    const rows = await eventually("the customer", look, (found) => found.length === 1);
    assert.deepEqual(rows, [wanted]);
  }
  // Pages ask for ids that are not created yet.
  assert.deepEqual(await resolve("customers", "editing/byId", { id: newId() }), []);
});

test("orders overview/all has no usdInfo while it is pending, and then all of it", async (t) => {
  const customerId = await customer("Dora");
  for (const policy of POLICIES) await paused(t, policy);
  const { id } = await order(customerId, "13.99", "two CDs");
  const named = (found) => found?.customerName === "Dora";
  const pending = await row("orders", "overview/all", id, named);
  const placed = { id, customerId, text: "two CDs", value: "13.99", customerName: "Dora" };
  assert.deepEqual(pending, { ...placed, status: "new" });
  for (const policy of POLICIES) await resume(policy);
  const isDone = (found) => found?.usdInfo !== undefined && found.status === "confirmed";
  const done = await row("orders", "overview/all", id, isDone);
  const usdInfo = { exchangeRateDate: TODAY(), exchangeRate: "1.0850", value: 15.17915 };
  assert.deepEqual(done, { ...placed, status: "confirmed", usdInfo });
});

test("orders overview/customerById has id and name, and nothing for an unknown id", async () => {
  const id = await customer("Emil");
  assert.deepEqual(await known(id, "Emil"), [{ id, name: "Emil" }]);
  assert.deepEqual(await resolve("orders", "overview/customerById", { id: newId() }), []);
});

test("confirmationRequests/all has an order until it is confirmed", async () => {
  const customerId = await customer("Frida");
  const { id } = await order(customerId, "1500", "a shelf");
  const named = (found) => found?.customerName === "Frida";
  assert.deepEqual(await row("orders", "confirmationRequests/all", id, named), {
    id,
    text: "a shelf",
    value: "1500",
    customerId,
    customerName: "Frida",
    status: "unconfirmed",
  });
  await command("order", id, "CONFIRM", {});
  await row("orders", "confirmationRequests/all", id, (found) => found === undefined);
});

test("queries are asked by GET, too", async () => {
  const id = await customer("Gina", "Thun");
  const look = async () => {
    const headers = { "x-correlation-id": "REACT-get" };
    const path = `/query/editing/byId?id=${id}`;
    const answer = await answerOf(await fetch(url("customers", path), { headers }));
    assert.deepEqual([answer.status, answer.type], [200, "application/json"], answer.text);
    assert.equal(answer.headers.get("x-correlation-id"), "REACT-get");
    return answer.json;
  };
  const rows = await eventually("the customer", look, (found) => found.length === 1);
  assert.deepEqual(rows, [{ id, name: "Gina", location: "Thun" }]);
  for (const [service, resolver] of [
    ["customers", "overview/all"],
    ["orders", "overview/all"],
    ["orders", "confirmationRequests/all"],
  ]) {
    const answer = await answerOf(await fetch(url(service, `/query/${resolver}`)));
    assert.ok(Array.isArray(answer.json), `${service} ${resolver}: ${answer.text}`);
  }
});

test("what is no resolver and what is no argument is told", async () => {
  const nowhere = await answerOf(await fetch(url("orders", "/query/overview/none")));
  assert.deepEqual([nowhere.status, nowhere.json.code], [404, "not_found"]);
  const options = { method: "POST", body: JSON.stringify({ id: 7 }) };
  const wrong = await answerOf(await fetch(url("orders", "/query/overview/customerById"), options));
  assert.deepEqual([wrong.status, wrong.json.code], [400, "malformed_query"]);
});
