// What operators do on the page: they see why something happened, and deal with what cannot be.
import assert from "node:assert/strict";
import { test } from "node:test";

import { clean, open, shot } from "./lib/browser.mjs";
import { get, oneway, post } from "./lib/stack.mjs";

const trace = async (correlationId) => JSON.parse(await oneway("trace", "--json", correlationId)).records;

test("a large order is shown with every hop that the command line knows", async () => {
  const { aggregateId: customerId } = await post("command-api/v1/customers", { name: "Frida" });
  const order = { customerId, text: "a harp", value: "9000" };
  const { correlationId, aggregateId: orderId } = await post("command-api/v1/orders", order);
  let records = [];
  const isValued = () => records.some(({ type }) => type === "order_usd_rate_and_value_added");
  while (!isValued()) records = await trace(correlationId);

  const page = await open(`/causation/${correlationId}`);
  const tree = page.locator("section", { hasText: "Who caused whom" });
  await tree.locator("tbody tr").first().waitFor();
  const rows = await tree.locator("tbody tr").allInnerTexts();
  assert.equal(rows.length, records.length);
  records.forEach(({ kind, type }, index) => {
    const row = rows[index];
    const names = { command: type, event: type, effect: type };
    assert.ok(row.includes(kind) && row.includes(names[kind] ?? ""), `${kind} ${type}: ${row}`);
  });
  // In the diagram each of them is an arrow.
  const hops = await page.locator("svg .hop").count();
  assert.ok(hops >= records.length, `${hops} arrows for ${records.length} records`);
  await shot(page, "causation");

  // From an event to the life of its aggregate, and what has changed between any two.
  await page.goto(new URL(`/aggregates/order/${orderId}`, page.url()).href);
  await page.getByText("order_created").first().waitFor();
  await page.getByLabel("From", { exact: true }).selectOption("0");
  await page.getByLabel("To", { exact: true }).selectOption("2");
  await page.getByRole("row", { name: /status.*changed.*NEW.*UNCONFIRMED/ }).waitFor();
  clean(page);
});

test("events are filtered, wait while somebody reads, and tell of their schema", async () => {
  const create = (name) => post("command-api/v1/customers", { name });
  await create("Georg");
  const page = await open("/events");
  await page.getByLabel("Type").fill("customer_created");
  await page.keyboard.press("Enter");
  await page.waitForURL(/type=customer_created/);
  const first = page.locator("main ol > li").first();
  await first.getByText("customer_created").waitFor();
  assert.equal(await page.getByText("order_created").count(), 0);

  await page.getByRole("button", { name: "Pause" }).click();
  const { aggregateId } = await create("Hedda");
  await page.getByRole("button", { name: "1 new: show it" }).click();
  await first.getByText(aggregateId).waitFor();
  await first.getByRole("button").first().click();
  await first.getByText(/id \d+, version 1 of .*customer\.events-/).waitFor();
  const [time] = await first.getByText("Hedda").all();
  assert.ok(time, "the fields are shown");
  const utc = await first.locator("time").first().getAttribute("title");
  assert.match(utc, /^\d{4}-\d{2}-\d{2} .* UTC$/);
  clean(page);
});

test("a consumer is rebuilt from its page, step by step", async () => {
  const page = await open("/consumers/customers");
  const rebuild = page.locator("#rebuild");
  const step = (name) => rebuild.getByRole("button", { name, exact: true });
  const isDone = (name) =>
    rebuild.getByRole("status").filter({ hasText: `${name} is done` }).waitFor({ timeout: 60_000 });
  await step("Start").click();
  await isDone("start");
  await rebuild.getByText("There is a next build").waitFor();
  await step("Diff").click();
  await isDone("diff");
  await step("Switch").click();
  await page.getByRole("dialog").getByRole("button", { name: "Switch" }).click();
  await isDone("switch");
  await rebuild.getByText("There is a previous build").waitFor();
  // Each partition tells who has it, how fast it is, and what waits in it.
  const part = page.locator("#partitions").getByRole("row", { name: /customer\.events\/0/ });
  await part.getByText("steady").waitFor();
  clean(page);
});

test("a dead letter is shown, tried again and given up", async () => {
  const page = await open("/overview");
  await page
    .getByRole("link", { name: /dead letter/i })
    .first()
    .click();
  await page.getByRole("button", { name: /^Retry order.events/ }).waitFor();
  await shot(page, "dead-letter");
  const letters = async () => (await get("operator/v1/consumers/orders/dead-letters")).deadLetters;

  // It is as broken as before.
  await page.getByRole("button", { name: /^Retry order.events/ }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText(/1 record would be meant/).waitFor();
  await dialog.locator("button[type=submit], button:not([type])").last().click();
  await dialog.waitFor({ state: "detached" });
  await page.getByText("2 attempts").waitFor({ timeout: 60_000 });

  await page.getByRole("button", { name: /^Skip order.events/ }).click();
  await dialog.getByText(/1 record would be meant/).waitFor();
  await dialog.getByLabel("Why they are given up").fill("made by a broken script");
  await dialog.locator("button[type=submit], button:not([type])").last().click();
  await dialog.waitFor({ state: "detached" });
  await page.getByText("There are none").waitFor({ timeout: 60_000 });
  assert.deepEqual(await letters(), []);
  clean(page);
});

test("what a message says is found, with its versions and its live records", async () => {
  const page = await open("/events");
  await page.getByRole("navigation", { name: "Pages" }).getByText("Event catalogue").click();
  await page.locator("h1", { hasText: "Event catalogue" }).waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.type("latestChange");
  await page.getByText(/^\d of \d+ messages$/).waitFor();
  const outcome = page.getByRole("link", { name: "command_outcome" });
  await outcome.waitFor();
  await page.getByRole("button", { name: "States" }).click();
  await outcome.waitFor({ state: "detached" });
  await page.getByRole("link", { name: "customer_state" }).click();
  await page.getByRole("heading", { name: /^Version \d+, present$/ }).waitFor();
  await page.getByText(/recent\[\]\.latestChange: long, optional/).waitFor();
  const email = page.getByRole("row", { name: /state\.email / });
  assert.match(await email.innerText(), /personal data/);
  await page.getByRole("link", { name: "Event catalogue" }).last().click();
  await page.getByRole("link", { name: "order_created" }).click();
  await page.getByRole("link", { name: "order-confirmation" }).waitFor();
  await page.getByRole("link", { name: "Live records" }).click();
  await page.waitForURL(/\/events\?topic=order\.events&type=order_created$/);
  await page.locator("h1", { hasText: "Events" }).waitFor();
  clean(page);
});
