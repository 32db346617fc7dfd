// Subscriptions by the reference client of graphql-transport-ws, at two instances of `orders`:
// ONEWAY_ORDERS has their addresses, with a comma between them.
import assert from "node:assert/strict";
import { after, test } from "node:test";

import { createClient } from "graphql-ws";
import WebSocket from "ws";

import { command, customer, known, order } from "./lib/shop.mjs";
import { eventually } from "./lib/stack.mjs";

const ADDRESSES = process.env.ONEWAY_ORDERS.split(",");
const ORDERS = 12;

const clients = [];
after(() => Promise.all(clients.map((client) => client.dispose())));

/** Changes that a client is told, from when it is connected on. */
function subscribe(address, query, variables) {
  const url = `${address.replace("http", "ws")}/graphql`;
  const client = createClient({ url, webSocketImpl: WebSocket, lazy: false, retryAttempts: 0 });
  clients.push(client);
  const told = [];
  const sink = {
    next: ({ data, errors }) => told.push(errors ? { errors } : data.orderChanged),
    error: (error) => told.push({ error: String(error.reason ?? error.message ?? error) }),
    complete: () => told.push({ complete: true }),
  };
  const stop = client.subscribe({ query, variables }, sink);
  return { told, stop };
}

const QUERY = `subscription ($id: ID, $customer: ID) {
  orderChanged(id: $id, customerId: $customer) {
    kind id correlationId order { id amount status customer { name } }
  }
}`;

test("every instance tells of all orders, whichever instance applied them", async () => {
  const [anna, ben] = [await customer("Anna"), await customer("Ben")];
  // Else their arrival may be told of an order, as a change, before the order itself is.
  await known(anna, "Anna");
  await known(ben, "Ben");
  const all = ADDRESSES.map((address) => subscribe(address, QUERY));
  const ofAnna = subscribe(ADDRESSES[0], QUERY, { customer: anna });

  // A subscription begins a moment after it was asked for: then it hears of further orders.
  for (const { told } of [...all, ofAnna]) {
    const knock = async () => {
      await order(anna, "1");
      return told;
    };
    await eventually("a subscription to begin", knock, (heard) => heard.length > 0);
  }
  const placed = new Map();
  for (let n = 0; n < ORDERS; n += 1) {
    const { id, correlationId } = await order(n % 2 ? anna : ben, "13.99");
    placed.set(id, correlationId);
  }
  for (const { told } of all) {
    const confirmed = () => told.filter((each) => each.order?.status === "CONFIRMED");
    const ids = async () => confirmed().map(({ id }) => id);
    const all = (seen) => [...placed.keys()].every((id) => seen.includes(id));
    await eventually("all orders", ids, all);
    for (const [id, correlationId] of placed) {
      const changes = told.filter((each) => each.id === id);
      assert.deepEqual([changes[0].kind, changes[0].correlationId], ["ADDED", correlationId]);
      assert.ok(changes.every((change) => change.order.amount === "13.99"));
      assert.ok(changes.slice(1).every(({ kind }) => kind === "UPDATED"), JSON.stringify(changes));
    }
  }
  const names = new Set(ofAnna.told.map((each) => each.order.customer.name));
  assert.deepEqual([...names], ["Anna"]);
  assert.ok(ofAnna.told.some(({ id }) => placed.has(id)));

  // One order alone, and no other.
  const { id } = await order(anna, "1500");
  const one = subscribe(ADDRESSES[1], QUERY, { id });
  const knock = async () => {
    await command("customer", anna, "UPDATE", { name: "Anna B.", location: "" });
    return one.told;
  };
  await eventually("the order", knock, (heard) => heard.length > 0);
  assert.ok(one.told.every((change) => change.id === id));
  one.stop();
  await eventually("the end", async () => one.told, (heard) => heard.at(-1)?.complete);
});
