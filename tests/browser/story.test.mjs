// The story of the talk, in two browsers at once: what one does, the other sees.
import assert from "node:assert/strict";
import { test } from "node:test";

import { clean, isBadge, open, shot, told } from "./lib/browser.mjs";
import { get, post, signal, url } from "./lib/stack.mjs";

/**
 * What one does, the other sees within so long, in milliseconds. How soon depends on what else the
 * machine does, and is told; what takes longer than this is broken.
 */
const LIMIT = 5_000;

async function place(page, customer, what, value) {
  await page.getByRole("button", { name: "Place an order" }).first().click();
  const dialog = page.getByRole("dialog");
  const who = dialog.getByRole("combobox");
  if (await who.count()) {
    await who.fill(customer);
    await page.getByRole("option", { name: customer }).first().click();
  }
  await dialog.getByLabel("What is ordered").fill(what);
  await dialog.getByLabel("Value in EUR").fill(value);
  await dialog.getByRole("button", { name: "Place the order" }).click();
}

/** Waits until the server has taken an order from a page. */
const accepted = (page) =>
  page.waitForResponse(
    (answer) => answer.request().method() === "POST" && answer.url().endsWith("/v1/orders"),
  );

const row = (page, what) => page.locator("tr", { hasText: what });

test("customers order, and everybody sees it", async (t) => {
  const anna = await open("/customers");
  await anna.getByRole("button", { name: "New customer" }).first().click();
  const dialog = anna.getByRole("dialog");
  await dialog.getByLabel("Name", { exact: true }).fill("Anna Meier");
  await dialog.getByLabel("Location").fill("Kiel");
  await dialog.getByLabel("E-mail").fill("anna@example.com");
  await dialog.getByRole("button", { name: "Create" }).click();
  await anna.getByRole("link", { name: "Anna Meier" }).first().waitFor();

  const [one, two] = await Promise.all([open("/orders"), open("/orders")]);
  await Promise.all([isBadge(one, "Live"), isBadge(two, "Live")]);
  const taken = accepted(one).then(() => Date.now());
  await place(one, "Anna", "two records", "40.00");
  const since = await taken;
  await row(two, "two records").waitFor();
  const late = Date.now() - since;
  t.diagnostic(`the other one saw the order ${late} ms later`);
  assert.ok(late < LIMIT, `the other one saw it ${late} ms later`);
  await row(one, "two records").waitFor();
  await row(two, "two records").getByText("Confirmed").waitFor();

  // A large one waits for a person.
  await place(one, "Anna", "a shelf of oak", "1500");
  await row(two, "a shelf of oak").getByText("Unconfirmed").waitFor();
  await shot(one, "orders");
  await two.getByRole("link", { name: "Confirmations" }).click();
  await two.getByRole("button", { name: /Confirm.*a shelf of oak/ }).click();
  await row(one, "a shelf of oak").getByText("Confirmed", { exact: true }).waitFor();
  await row(two, "a shelf of oak").waitFor({ state: "detached" });
  [anna, one, two].forEach(clean);
});

test("who is late is told that it was confirmed already", async () => {
  const { aggregateId } = await post("command-api/v1/customers", { name: "Berta" });
  const order = { customerId: aggregateId, text: "a piano", value: "7200" };
  const { aggregateId: piano } = await post("command-api/v1/orders", order);
  const page = await open("/confirmations");
  const confirm = page.getByRole("button", { name: /Confirm.*a piano/ });
  await confirm.waitFor();
  // Somebody else comes first: between the click and the command.
  await page.route("**/confirmation", async (route) => {
    await post(`command-api/v1/orders/${piano}/confirmation`, {});
    await route.continue();
  });
  await confirm.click();
  await told(page, /[Ss]omebody/);
  clean(page);
});

test("two who edit the same customer choose field by field", async () => {
  const { aggregateId } = await post("command-api/v1/customers", { name: "Clara", location: "Ulm" });
  const path = `/customers/${aggregateId}`;
  const [mine, theirs] = await Promise.all([open(path), open(path)]);
  for (const page of [mine, theirs]) await page.getByRole("button", { name: "Edit" }).click();
  await theirs.getByLabel("Location").fill("Bern");
  await theirs.getByLabel("Name", { exact: true }).fill("Clara Huber");
  await theirs.getByRole("button", { name: "Save" }).click();
  await theirs.locator("h1", { hasText: "Clara Huber" }).waitFor();
  await mine.getByLabel("Name", { exact: true }).fill("Clara H.");
  await mine.getByRole("button", { name: "Save" }).click();
  await mine.getByText("Somebody else has changed this customer").waitFor();
  await shot(mine, "conflict");
  await mine.getByRole("button", { name: "Save what is chosen" }).click();
  await mine.locator("h1", { hasText: "Clara H." }).waitFor();
  // What the page shows at once is pending: the read model follows.
  let saved;
  do saved = await get(`customers/v1/customers/${aggregateId}`);
  while (saved.version < 3);
  assert.deepEqual([saved.name, saved.location, saved.version], ["Clara H.", "Bern", 3]);
  [mine, theirs].forEach(clean);
});

test("a service that is killed shows as catching up, and recovers", async (t) => {
  const { aggregateId } = await post("command-api/v1/customers", { name: "Dora" });
  const [one, two] = await Promise.all([
    open(`/customers/${aggregateId}`),
    open(`/orders?customer=${aggregateId}`),
  ]);
  await Promise.all([isBadge(one, "Live"), isBadge(two, "Live")]);
  // Its successors as well, so that it stays away for a while.
  let isAway = true;
  const killing = (async () => {
    while (isAway) {
      signal("orders", "SIGKILL");
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  })();
  t.after(() => (isAway = false));
  await place(one, "Dora", "a lamp", "20");
  await isBadge(one, "Catching up");
  await shot(one, "catching-up");
  isAway = false;
  await killing;
  await row(one, "a lamp").getByText("Confirmed").waitFor({ timeout: 60_000 });
  await row(two, "a lamp").getByText("Confirmed").waitFor({ timeout: 60_000 });
  await Promise.all([isBadge(one, "Live"), isBadge(two, "Live")]);
  [one, two].forEach(clean);
});

test("who was offline gets what was missed", async () => {
  const { aggregateId } = await post("command-api/v1/customers", { name: "Emma" });
  const page = await open(`/orders?customer=${aggregateId}`);
  await isBadge(page, "Live");
  await page.context().setOffline(true);
  await isBadge(page, "Offline");
  const order = { customerId: aggregateId, text: "missed meanwhile", value: "5.55" };
  await post("command-api/v1/orders", order);
  await page.context().setOffline(false);
  await row(page, "missed meanwhile").getByText("Confirmed").waitFor();
  await isBadge(page, "Live");
  clean(page);
});

test("what changed before a page heard of changes is shown, too", async (t) => {
  const { aggregateId } = await post("command-api/v1/customers", { name: "Frida" });
  const page = await open(`/orders?customer=${aggregateId}`);
  await page.route("**/v1/changes?*", (route) => route.abort());
  await page.goto(url("web-ui", `/orders?customer=${aggregateId}`));
  await page.getByText("There are no such orders").waitFor();
  await post("command-api/v1/orders", { customerId: aggregateId, text: "unheard of", value: "3" });
  let known;
  do known = await get(`orders/v1/orders?customerId=${aggregateId}`);
  while (known.items.length === 0);
  assert.equal(await row(page, "unheard of").count(), 0);
  await page.unroute("**/v1/changes?*");
  await row(page, "unheard of").waitFor();
  await isBadge(page, "Live");
  // A page that opens normally: how long until there is something to see, for comparison.
  await page.reload();
  await row(page, "unheard of").waitFor();
  const took = await page.evaluate(() => performance.now());
  t.diagnostic(`orders were seen ${Math.round(took)} ms after the page was opened`);
  clean(page);
});
