// What people do with lists: look for something, choose, sum up, do many things at once.
import assert from "node:assert/strict";
import { test } from "node:test";

import { clean, isBadge, open, told } from "./lib/browser.mjs";
import { get, post } from "./lib/stack.mjs";

const customer = async (name, more = {}) =>
  (await post("command-api/v1/customers", { name, ...more })).aggregateId;

const order = async (customerId, text, value) =>
  (await post("command-api/v1/orders", { customerId, text, value })).aggregateId;

const rows = (page) => page.locator("tr.row");
const row = (page, what) => page.locator("tr.row", { hasText: what });

/** Waits until a list has so many rows. */
const has = (page, count) =>
  page.waitForFunction((wanted) => document.querySelectorAll("tr.row").length === wanted, count);

test("customers are looked for, and what was typed is in no address", async () => {
  for (const name of ["Nora Quist", "Nora Quast", "Olaf Quirin"]) await customer(name);
  const page = await open("/customers");
  await row(page, "Olaf Quirin").waitFor();
  await page.getByRole("searchbox").fill("nora q");
  await row(page, "Olaf Quirin").waitFor({ state: "detached" });
  assert.deepEqual((await rows(page).allInnerTexts()).map((text) => /Nora Qu.st/.test(text)), [true, true]);
  assert.ok(!/nora/i.test(page.url()), page.url());
  clean(page);
});

test("orders are filtered, and those selected are summed up", async () => {
  const id = await customer("Paula Reis");
  await order(id, "a cup", "10.10");
  await order(id, "a plate", "20.20");
  await order(id, "a kitchen", "4000");
  const page = await open(`/orders?customer=${id}`);
  await has(page, 3);
  for (const what of ["a cup", "a plate"]) {
    await row(page, what).getByText("Confirmed", { exact: true }).waitFor();
    await row(page, what).getByRole("checkbox").check();
  }
  const sum = page.getByRole("status").filter({ hasText: "2 orders selected" });
  assert.match(await sum.innerText(), /€30\.30/);
  await page.getByRole("button", { name: "Unconfirmed" }).click();
  await has(page, 1);
  await row(page, "a kitchen").waitFor();
  assert.equal(await sum.count(), 0);
  clean(page);
});

test("many requests are confirmed at once", async () => {
  const id = await customer("Rita Sand");
  const what = ["an oven", "a sofa", "a bath"];
  for (const [index, text] of what.entries()) await order(id, text, `${2_000 + index}`);
  const page = await open("/confirmations");
  for (const text of what) await row(page, text).getByRole("checkbox").check();
  await page.getByRole("button", { name: "Confirm 3", exact: true }).click();
  for (const text of what) await row(page, text).waitFor({ state: "detached" });
  const { items } = await get(`orders/v1/orders?customerId=${id}`);
  assert.deepEqual([...new Set(items.map(({ status }) => status))], ["confirmed"]);
  clean(page);
});

test("a press is for the row that was aimed at, whatever others do meanwhile", async () => {
  const id = await customer("Sven Thal");
  const first = await order(id, "the first desk", "3000");
  const second = await order(id, "the second desk", "3000");
  const page = await open("/confirmations");
  const confirm = row(page, "the first desk").getByRole("button", { name: /Confirm/ });
  await confirm.focus();
  await post(`command-api/v1/orders/${first}/confirmation`, {});
  await row(page, "the first desk").waitFor({ state: "detached" });
  await page.keyboard.press("Enter");
  // Were it for the one that has moved up, it would be pending now.
  assert.equal(await row(page, "the second desk").getByText("Pending").count(), 0);
  const place = await page.evaluate(() => document.activeElement.getAttribute("aria-label"));
  assert.equal(place, "Confirmation requests");
  await post(`command-api/v1/orders/${second}/confirmation`, {});
  clean(page);
});

test("a permission is given with where it was said, and taken back", async () => {
  const id = await customer("Tilda Uhl", { email: "tilda@example.org" });
  const page = await open(`/customers/${id}`);
  const dialog = page.getByRole("dialog");
  for (const [button, status] of [["Allow", true], ["Withdraw", false]]) {
    await page.locator("dd.permission").getByRole("button", { name: button }).click();
    await dialog.getByRole("textbox").fill("by phone");
    await dialog.getByRole("button", { name: button }).click();
    await dialog.waitFor({ state: "detached" });
    await told(page, status ? /may get e-mails/ : /gets no more e-mails/);
    const known = await get(`customers/v1/customers/${id}`);
    assert.equal(known.emailPermission, status);
  }
  clean(page);
});

test("an answer that is lost does not make two orders of one", async () => {
  const id = await customer("Ute Voss");
  const page = await open(`/customers/${id}`);
  await isBadge(page, "Live");
  // The first tries arrive, and nobody hears of it: for longer than the page asks by itself.
  const start = new Date();
  await page.clock.install({ time: start });
  let isLost = true;
  await page.route("**/s/command-api/v1/orders", async (route) => {
    if (!isLost) return route.continue();
    await route.fetch();
    return route.abort("connectionreset");
  });
  await page.getByRole("button", { name: "Place an order" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("What is ordered").fill("one chair");
  await dialog.getByLabel("Value in EUR").fill("35");
  const send = dialog.getByRole("button", { name: "Place the order" });
  await send.click();
  const unknown = dialog.getByText("Whether it was done is not known");
  while ((await unknown.count()) === 0) await page.clock.runFor(5_000);
  isLost = false;
  await send.click();
  await dialog.waitFor({ state: "detached" });
  const { items } = await get(`orders/v1/orders?customerId=${id}`);
  assert.deepEqual(items.map(({ text }) => text), ["one chair"]);
  clean(page);
});
