// GraphQL: the types, and the four queries.
import assert from "node:assert/strict";
import { test } from "node:test";

import { answerOf, customer, newId, order, row } from "./lib/shop.mjs";
import { eventually, url } from "./lib/stack.mjs";

async function ask(query, variables) {
  const options = {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({ query, variables }),
  };
  const answer = await answerOf(await fetch(url("orders", "/graphql"), options));
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.json.errors, undefined, answer.text);
  return answer.json.data;
}

/** A type as it is written, such as `Float!` or `[Order!]`. */
function written(type) {
  if (type.kind === "NON_NULL") return `${written(type.ofType)}!`;
  return type.kind === "LIST" ? `[${written(type.ofType)}]` : type.name;
}

test("orders and customers have the fields that are asked for", async () => {
  const fields = "fields { name type { kind name ofType { kind name ofType { kind name } } } }";
  const data = await ask(`{ order: __type(name: "Order") { ${fields} }
    customer: __type(name: "Customer") { ${fields} } query: __type(name: "Query") { ${fields} } }`);
  const entry = ({ name, type }) => [name, written(type)];
  const types = (of) => Object.fromEntries(of.fields.map(entry));
  const has = (of, wanted) => assert.deepEqual({ ...types(of), ...wanted }, types(of));
  has(data.order, {
    id: "ID!",
    text: "String!",
    value: "Float!",
    usdValue: "Float",
    usdRate: "String",
  });
  has(data.customer, { id: "ID!", name: "String!" });
  for (const name of ["orders", "order", "customers", "customer"]) {
    assert.ok(types(data.query)[name], `there is a query ${name}`);
  }
  assert.ok(types(data.customer).orders.startsWith("[Order"));
});

test("an order and its customer, from either side", async () => {
  const customerId = await customer("Anna");
  const { id } = await order(customerId, "13.99", "two CDs");
  await row("orders", "overview/all", id, (found) => found?.usdInfo !== undefined);
  const wanted = { id, text: "two CDs", value: 13.99, usdValue: 15.17915, usdRate: "1.0850" };
  const fields = "id text value usdValue usdRate";
  const one = `query ($id: ID!, $customer: ID!) {
    order(id: $id) { ${fields} }
    customer(id: $customer) { id name orders { ${fields} } }
  }`;
  const data = await eventually(
    "the customer",
    () => ask(one, { id, customer: customerId }),
    ({ customer: found }) => found !== null,
  );
  assert.deepEqual(data.order, wanted);
  assert.deepEqual(data.customer, { id: customerId, name: "Anna", orders: [wanted] });

  const all = await ask(`{ orders { ${fields} } customers { id name } }`);
  assert.deepEqual(all.orders.find((each) => each.id === id), wanted);
  assert.ok(all.customers.every(({ id: found, name }) => found && typeof name === "string"));
  const unknown = { id: newId(), customer: newId() };
  assert.deepEqual(await ask(one, unknown), { order: null, customer: null });
});
