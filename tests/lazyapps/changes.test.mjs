// Changes by socket.io: what a page is told of orders and customers, field by field.
import assert from "node:assert/strict";
import { test } from "node:test";

import { command, customer, known, order, resolve, row } from "./lib/shop.mjs";
import { Listener, query } from "./lib/listener.mjs";
import { eventually, paused, resume } from "./lib/stack.mjs";

const ORDERS = query("orders", "overview");
const REQUESTS = query("orders", "confirmationRequests");
const CUSTOMERS = query("customers", "overview");
const POLICIES = ["order-confirmation", "order-valuation"];

const of = (id, kind) => (change) =>
  (change.details?.id ?? change.details) === id && (!kind || change.changeKind === kind);

/** A page that has registered and queried some time ago. */
async function page(queries, options) {
  const listener = await Listener.open(queries, options);
  await listener.settled();
  return listener;
}

test("a page polls first and goes on by websocket", async () => {
  const listener = await Listener.open([ORDERS]);
  await eventually("an upgrade", async () => listener.transports, (seen) => seen.length === 2);
  assert.deepEqual(listener.transports, ["polling", "websocket"]);
  listener.close();
});

for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
  test(`a small order is told step by step, by ${transports}`, async (t) => {
    const customerId = await customer("Anna");
    await known(customerId, "Anna");
    const listener = await page([ORDERS], { transports });
    for (const policy of POLICIES) await paused(t, policy);
    const { id, correlationId } = await order(customerId, "13.99", "two CDs");
    const added = await listener.until("a new row", ORDERS, of(id));
    const placed = { id, customerId, text: "two CDs", value: "13.99", customerName: "Anna" };
    const told = { ...ORDERS, correlationId };
    const details = { ...placed, status: "new" };
    assert.deepEqual(added, { ...told, changeKind: "addRow", details });

    await resume("order-valuation");
    const valued = await listener.until("its value in USD", ORDERS, of(id, "updateRow"));
    const { exchangeRateDate, ...rate } = valued.details.usdInfo;
    assert.match(exchangeRateDate, /^\d{4}-\d\d-\d\d$/);
    assert.deepEqual(rate, { exchangeRate: "1.0850", value: 15.17915 });
    assert.deepEqual([valued.details.status, valued.correlationId], ["new", correlationId]);

    await resume("order-confirmation");
    const isConfirmed = (change) => of(id)(change) && change.details.status === "confirmed";
    const confirmed = await listener.until("its confirmation", ORDERS, isConfirmed);
    assert.deepEqual(confirmed, {
      ...told,
      changeKind: "updateRow",
      details: { ...placed, status: "confirmed", usdInfo: valued.details.usdInfo },
    });
    const kinds = listener.of(ORDERS, of(id)).map((change) => change.changeKind);
    assert.deepEqual(kinds, ["addRow", "updateRow", "updateRow"]);
    listener.close();
  });
}

test("a large order is told to both lists, and taken from one when it is confirmed", async () => {
  const customerId = await customer("Ben");
  await known(customerId, "Ben");
  const listener = await page([ORDERS, REQUESTS]);
  const { id, correlationId } = await order(customerId, "1500", "a shelf");
  const waits = (change) => of(id)(change) && change.details.status === "unconfirmed";
  const waiting = await listener.until("it to wait", ORDERS, waits);
  assert.equal(waiting.correlationId, correlationId, "the policy hands it on");
  const request = await listener.until("a request", REQUESTS, of(id));
  assert.deepEqual(request, {
    ...REQUESTS,
    changeKind: "addRow",
    details: {
      id,
      text: "a shelf",
      value: "1500",
      customerId,
      customerName: "Ben",
      status: "unconfirmed",
    },
    correlationId,
  });

  const confirming = await command("order", id, "CONFIRM", {});
  const gone = await listener.until("the request to go", REQUESTS, of(id, "deleteRow"));
  assert.deepEqual(gone, {
    ...REQUESTS,
    changeKind: "deleteRow",
    details: id,
    correlationId: confirming,
  });
  const isConfirmed = (change) => of(id)(change) && change.details.status === "confirmed";
  const confirmed = await listener.until("its confirmation", ORDERS, isConfirmed);
  assert.deepEqual([confirmed.changeKind, confirmed.correlationId], ["updateRow", confirming]);
  assert.equal(listener.of(ORDERS, of(id))[0].changeKind, "addRow");
  listener.close();
});

test("a customer's new name is told to customers and to all orders that show it", async () => {
  const listener = await page([CUSTOMERS, ORDERS, REQUESTS]);
  const id = await customer("Cleo");
  const added = await listener.until("a new customer", CUSTOMERS, of(id));
  assert.deepEqual([added.changeKind, added.details], ["addRow", { id, name: "Cleo" }]);
  await known(id, "Cleo");
  const placed = await order(id, "2000");
  await listener.until("a request", REQUESTS, of(placed.id));

  const correlationId = await command("customer", id, "UPDATE", { name: "Cleo B.", location: "" });
  const renamed = await listener.until("its new name", CUSTOMERS, of(id, "updateRow"));
  const details = { id, name: "Cleo B." };
  assert.deepEqual(renamed, { ...CUSTOMERS, changeKind: "updateRow", details, correlationId });
  for (const list of [ORDERS, REQUESTS]) {
    const shows = (change) =>
      of(placed.id, "updateRow")(change) && change.details.customerName === "Cleo B.";
    const change = await listener.until("the name in its orders", list, shows);
    assert.equal(change.correlationId, correlationId);
  }
  listener.close();
});

test("queries of one row are told to ask again, and nothing comes unasked", async () => {
  const byId = query("orders", "overview", "customerById");
  const listener = await page([byId]);
  const { id, correlationId } = await order(await customer("Dora"), "1");
  const is = (change) => change.correlationId === correlationId;
  const change = await listener.until("a change", byId, is);
  assert.deepEqual(change, { ...byId, changeKind: "all", correlationId });
  await row("orders", "overview/all", id);
  const foreign = listener.changes.filter((each) => each.resolverName !== "customerById");
  assert.deepEqual(foreign, []);
  listener.close();
});

test("a row that the query after the acknowledgement may have is not added again", async () => {
  const customerId = await customer("Emil");
  const early = async () => {
    const listener = await Listener.open([ORDERS]);
    const { id } = await order(customerId, "1");
    await listener.until("it to be told", ORDERS, of(id));
    return { listener, id, isInTime: listener.isInWindow() };
  };
  // On a machine that is busy it may take longer than the window.
  const { listener, id } = await eventually("an order in the window", early, (tried) => {
    if (!tried.isInTime) tried.listener.close();
    return tried.isInTime;
  });
  // The page may have had the row or not: it updates it, and queries once more.
  assert.equal(listener.of(ORDERS, of(id))[0].changeKind, "updateRow");
  const again = await listener.until("a reload", ORDERS, (change) => change.changeKind === "all");
  assert.ok(!("details" in again), JSON.stringify(again));
  assert.ok((await resolve("orders", "overview/all")).some((each) => each.id === id));
  listener.close();
});
