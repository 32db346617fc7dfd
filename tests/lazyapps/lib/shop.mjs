// What the front ends of the original send: commands and queries, by `fetch` as browsers have it.
import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";

import { eventually, url } from "./stack.mjs";

const JSON_BODY = { "content-type": "application/json" };

/** An id as clients make them. */
export const newId = () => randomUUID();

/** A correlation id as the front ends make them. */
export const newCorrelationId = (prefix = "SVLT") =>
  `${prefix}-${randomBytes(16).toString("base64url").slice(0, 21)}`;

/** The whole of an answer. */
export async function answerOf(response) {
  const text = await response.text();
  const type = response.headers.get("content-type") ?? "";
  const json = /[/+]json/.test(type) ? JSON.parse(text) : undefined;
  return { status: response.status, headers: response.headers, type, text, json };
}

/** Posts a body to the command URL, as it is. */
export async function post(body, headers = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const options = { method: "POST", headers: { ...JSON_BODY, ...headers }, body: text };
  return answerOf(await fetch(url("command-api", "/api/command"), options));
}

/** A command that must be accepted; returns its correlation id. */
export async function command(aggregateName, aggregateId, name, payload) {
  const correlationId = newCorrelationId();
  const answer = await post({ aggregateName, aggregateId, command: name, payload, correlationId });
  assert.deepEqual([answer.status, answer.text], [200, "OK"], `${aggregateName} ${name}`);
  return correlationId;
}

/** Creates a customer; returns its id. */
export async function customer(name, location = "Bern") {
  const id = newId();
  await command("customer", id, "CREATE", { name, location });
  return id;
}

/** Places an order as both front ends do, with the value as a string; its id and correlation id. */
export async function order(customerId, value, text = "two CDs") {
  const id = newId();
  const correlationId = await command("order", id, "CREATE", { customerId, text, value });
  return { id, correlationId };
}

/** Asks a resolver; the answer must be an array. */
export async function resolve(service, resolver, parameters = {}) {
  const correlationId = newCorrelationId("REACT");
  const options = {
    method: "POST",
    headers: { ...JSON_BODY, "x-correlation-id": correlationId },
    body: JSON.stringify(parameters),
  };
  const answer = await answerOf(await fetch(url(service, `/query/${resolver}`), options));
  assert.equal(answer.status, 200, `${resolver}: ${answer.text}`);
  assert.ok(Array.isArray(answer.json), `${resolver} answers no array: ${answer.text}`);
  assert.equal(answer.headers.get("x-correlation-id"), correlationId, "the id comes back");
  return answer.json;
}

/** The row of an id in a list, once it is as wanted; `undefined` stands for no row. */
export async function row(service, resolver, id, wanted = (found) => found !== undefined) {
  const look = async () => (await resolve(service, resolver)).find((each) => each.id === id);
  return eventually(`row ${id} of ${service} ${resolver}`, look, wanted);
}

/** Waits until orders know the name of a customer: from then on their rows show it. */
export async function known(id, name) {
  const look = () => resolve("orders", "overview/customerById", { id });
  return eventually(`orders to know ${name}`, look, ([found]) => found?.name === name);
}
