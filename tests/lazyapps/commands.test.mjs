// Commands: what is sent, and each of the answers.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  command,
  customer,
  newCorrelationId,
  newId,
  order,
  post,
  resolve,
  row,
} from "./lib/shop.mjs";
import { eventually } from "./lib/stack.mjs";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const confirm = (aggregateId) => ({
  aggregateName: "order",
  aggregateId,
  command: "CONFIRM",
  payload: {},
});

function isProblem(answer, status, code) {
  assert.deepEqual(
    [answer.status, answer.type, answer.json?.status, answer.json?.code],
    [status, "application/problem+json", status, code],
    answer.text,
  );
  for (const field of ["type", "title", "detail"]) {
    assert.equal(typeof answer.json[field], "string", `${field} of ${answer.text}`);
  }
  assert.equal(answer.json.correlationId, answer.headers.get("x-correlation-id"));
}

test("a customer is created, and updated with an id and fields of others", async () => {
  const id = newId();
  await command("customer", id, "CREATE", { name: "Anna", location: "Bern" });
  const renamed = { id, name: "Anna B.", location: "Basel", newsletter: true, tags: ["x"] };
  await command("customer", id, "UPDATE", renamed);
  const look = () => resolve("customers", "editing/byId", { id });
  const isNew = ([found]) => found?.name === "Anna B.";
  const rows = await eventually("the new name", look, isNew);
  assert.deepEqual(rows, [{ id, name: "Anna B.", location: "Basel" }]);
});

test("the value of an order is a string or a number, shown as its shortest decimal", async () => {
  const customerId = await customer("Ben");
  for (const [value, shown] of [
    ["13.99", "13.99"],
    [13.99, "13.99"],
    ["1500", "1500"],
    ["1500.00", "1500"],
    [0.5, "0.5"],
  ]) {
    const { id } = await order(customerId, value);
    assert.equal((await row("orders", "overview/all", id)).value, shown, JSON.stringify(value));
  }
});

test("an order is confirmed with a payload of nothing, of null, or without one", async () => {
  const customerId = await customer("Cleo");
  for (const payload of [{}, null, undefined]) {
    const { id } = await order(customerId, "1500");
    await row("orders", "overview/all", id, (found) => found?.status === "unconfirmed");
    await command("order", id, "CONFIRM", payload);
    await row("orders", "overview/all", id, (found) => found?.status === "confirmed");
  }
});

test("other services value orders and ask for confirmation", async () => {
  const { id } = await order(await customer("Dora"), "13.99");
  await row("orders", "overview/all", id, (found) => found?.usdInfo !== undefined);
  // Once more, by somebody who calculates: the newest counts.
  const valued = { time: "2025-11-20", usdRate: "1.0850", usdValue: 15.17915 };
  await command("order", id, "ADD_USD_RATE_AND_VALUE", valued);
  const wanted = { exchangeRateDate: "2025-11-20", exchangeRate: "1.0850", value: 15.17915 };
  const is = (found) => found?.usdInfo?.exchangeRateDate === wanted.exchangeRateDate;
  assert.deepEqual((await row("orders", "overview/all", id, is)).usdInfo, wanted);

  await row("orders", "overview/all", id, (found) => found?.status === "confirmed");
  const ask = { ...confirm(id), command: "REQUIRE_CONFIRMATION" };
  isProblem(await post(ask), 409, "rule_violated");
});

test("the correlation id is that of the body, else of the header, else a new one", async () => {
  const { id } = await order(await customer("Emil"), "1500");
  const [own, other] = [newCorrelationId(), newCorrelationId("REACT")];
  const header = { "X-Correlation-Id": other };
  // Accepted or refused, it comes back.
  for (const [body, headers, wanted] of [
    [{ ...confirm(id), correlationId: own }, header, own],
    [confirm(id), header, other],
    [{ ...confirm(id), command: "NONE" }, header, other],
  ]) {
    const answer = await post(body, headers);
    assert.equal(answer.headers.get("X-Correlation-ID"), wanted, answer.text);
  }
  const made = [];
  for (let n = 0; n < 2; n += 1) {
    const { headers } = await post(confirm(id));
    made.push(headers.get("x-correlation-id"));
  }
  for (const id of made) assert.match(id, UUID);
  assert.notEqual(made[0], made[1]);
});

test("the answer is the text OK unless JSON is accepted", async () => {
  const customerId = await customer("Frida");
  const create = () => ({
    aggregateName: "order",
    aggregateId: newId(),
    command: "CREATE",
    payload: { customerId, text: "CD", value: "1" },
    correlationId: newCorrelationId(),
  });
  for (const accept of ["*/*", "text/plain", "text/html, */*;q=0.5"]) {
    const answer = await post(create(), { accept });
    assert.deepEqual([answer.status, answer.text], [200, "OK"], accept);
    assert.match(answer.type, /^text\/plain/);
  }
  const body = create();
  const answer = await post(body, { accept: "application/json, text/plain, */*" });
  assert.deepEqual([answer.status, answer.type], [200, "application/json"]);
  const { commandId, events, token, ...rest } = answer.json;
  const { aggregateId, correlationId } = body;
  assert.deepEqual(rest, { aggregate: "order", aggregateId, version: 1, correlationId });
  assert.match(commandId, UUID);
  assert.equal(events.length, 1);
  assert.equal(token, answer.headers.get("oneway-token"));
});

test("mistakes are 400 with their text", async () => {
  const good = confirm(newId());
  const without = (field) => ({ ...good, [field]: undefined });
  for (const [body, text] of [
    [without("aggregateName"), "Missing field"],
    [without("aggregateId"), "Missing field"],
    [without("command"), "Missing field"],
    [{}, "Missing field"],
    [{ ...good, aggregateName: "basket" }, "Invalid aggregate name"],
    [{ ...good, command: "SINK" }, "Invalid command name"],
    [{ ...good, aggregateName: "customer" }, "Invalid command name"],
  ]) {
    const answer = await post(body);
    assert.deepEqual([answer.status, answer.text], [400, text], JSON.stringify(body));
    assert.match(answer.type, /^text\/plain/);
    // The same for those who want JSON.
    const problem = await post(body, { accept: "application/json" });
    isProblem(problem, 400, "malformed");
    assert.equal(problem.json.detail, text);
  }
  for (const body of ['{"aggregateName":', "no JSON", ""]) {
    const answer = await post(body);
    assert.equal(answer.status, 400, `${body}: ${answer.text}`);
    assert.match(answer.text, /^the body (is no JSON|ends too early) at line 1, column \d+$/);
  }
});

test("a broken rule is 409, and what can be no command is 422: not 500", async () => {
  const customerId = await customer("Gina");
  const again = { aggregateName: "customer", aggregateId: customerId, command: "CREATE" };
  const payload = { name: "Gina", location: "" };
  isProblem(await post({ ...again, payload }), 409, "already_exists");
  isProblem(await post(confirm(newId())), 404, "not_found");
  for (const [payload, pointer] of [
    [{ customerId, text: "CD", value: "-1" }, "/payload/value"],
    [{ customerId, text: "CD", value: "1.005" }, "/payload/value"],
    [{ customerId, text: "CD" }, "/payload/value"],
    [{ customerId, text: "", value: "1" }, "/payload/text"],
    [{ customerId, text: 7, value: "1" }, "/payload/text"],
  ]) {
    const body = { aggregateName: "order", aggregateId: newId(), command: "CREATE", payload };
    const answer = await post(body);
    isProblem(answer, 422, "invalid");
    assert.equal(answer.json.errors[0].pointer, pointer, answer.text);
  }
});
