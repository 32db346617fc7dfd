// The story of the original, with two people at two pages.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Listener, query } from "./lib/listener.mjs";
import { command, customer, known, order, resolve, row } from "./lib/shop.mjs";

const ORDERS = query("orders", "overview");
const REQUESTS = query("orders", "confirmationRequests");

/** What a page shows: what its query answered, and each change since, as front ends apply them. */
class Page {
  static async open() {
    const page = new Page();
    page.listener = await Listener.open([ORDERS, REQUESTS]);
    // Only after the acknowledgement.
    page.orders = await resolve("orders", "overview/all");
    await page.listener.settled();
    return page;
  }

  /** Waits until a row is shown as wanted, by what was told alone: nothing is asked again. */
  async shows(id, wanted) {
    const is = (change) => (change.details?.id ?? change.details) === id;
    const applied = () => {
      let shown;
      for (const change of this.listener.of(ORDERS, is)) {
        assert.ok(change.changeKind !== "addRow" || !shown, "no row is added twice");
        shown = { ...shown, ...change.details };
      }
      return shown;
    };
    const what = `order ${id} to be shown`;
    await this.listener.until(what, ORDERS, (change) => is(change) && wanted(applied()));
    return applied();
  }

  close() {
    this.listener.close();
  }
}

test("two clients see small and large orders as they happen", async () => {
  const [anna, ben] = [await Page.open(), await Page.open()];
  const customerId = await customer("Anna");
  await row("customers", "overview/all", customerId);
  await known(customerId, "Anna");
  assert.ok(anna.orders.every(({ customerId: of }) => of !== customerId));

  // Anna places a small order; Ben, who does nothing, sees it come, be confirmed and valued.
  const small = await order(customerId, "13.99", "two CDs");
  const isDone = (shown) => shown?.status === "confirmed" && shown.usdInfo !== undefined;
  for (const page of [ben, anna]) {
    const shown = await page.shows(small.id, isDone);
    assert.equal(shown.value, "13.99");
    assert.deepEqual(
      [shown.usdInfo.exchangeRate, shown.usdInfo.value],
      ["1.0850", 15.17915],
      "its value in USD",
    );
  }
  const told = ben.listener.of(ORDERS, (change) => change.details?.id === small.id);
  assert.equal(told[0].changeKind, "addRow");
  assert.ok(told.every((change) => change.correlationId === small.correlationId));

  // A large one waits for a person, at both pages.
  const large = await order(customerId, "1500", "a shelf");
  for (const page of [ben, anna]) {
    await page.shows(large.id, (shown) => shown?.status === "unconfirmed");
    const asked = (change) => change.changeKind === "addRow" && change.details.id === large.id;
    await page.listener.until("a request", REQUESTS, asked);
  }
  // Ben confirms it, and both see that.
  await command("order", large.id, "CONFIRM", {});
  for (const page of [anna, ben]) {
    const shown = await page.shows(large.id, isDone);
    assert.deepEqual([shown.value, shown.usdInfo.value], ["1500", 1627.5]);
    const gone = (change) => change.changeKind === "deleteRow" && change.details === large.id;
    await page.listener.until("the request to go", REQUESTS, gone);
  }
  for (const page of [anna, ben]) page.close();
});
