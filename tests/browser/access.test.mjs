// Where not everybody may do everything: who one is, what one may, and what is said to those who may not.
import assert from "node:assert/strict";
import { test } from "node:test";

import { clean, isBadge, open, shot, told } from "./lib/browser.mjs";
import { bearer, post } from "./lib/stack.mjs";

async function logIn(page, user, password = user) {
  const dialog = page.getByRole("dialog", { name: "Log in" });
  await dialog.getByLabel("User").fill(user);
  await dialog.getByLabel("Password").fill(password);
  await dialog.getByRole("button", { name: "Log in" }).click();
}

const logOut = (page) => page.getByRole("button", { name: "Log out" }).click();

test("a viewer is told what a viewer may not, and an approver may", async () => {
  const clerk = await bearer("carl", "clerk");
  const { aggregateId: customerId } = await post("command-api/v1/customers", { name: "Greta" }, clerk);
  const harp = { customerId, text: "a harp of oak", value: "9000" };
  await post("command-api/v1/orders", harp, clerk);

  // Nothing is shown to nobody.
  const page = await open("/confirmations");
  const dialog = page.getByRole("dialog", { name: "Log in" });
  await dialog.waitFor();
  await shot(page, "login");
  assert.equal(await page.getByText("a harp").count(), 0);
  await logIn(page, "viewer", "wrong");
  await dialog
    .getByRole("alert")
    .filter({ hasText: /no such user with this password/ })
    .waitFor();
  await logIn(page, "viewer");
  await dialog.waitFor({ state: "detached" });
  await page.locator("header").getByText("viewer").waitFor();

  // A viewer sees it, and may not decide; the page says so, and shows what is.
  const confirm = page.getByRole("button", { name: /Confirm.*a harp of oak/ });
  await confirm.click();
  await told(page, /[Yy]ou may not.*order\.CONFIRM/);
  await confirm.and(page.locator(":enabled")).waitFor();
  await shot(page, "not-allowed");
  await page.getByRole("link", { name: "Orders", exact: true }).click();
  await page.locator("tr", { hasText: "a harp of oak" }).getByText("Unconfirmed").waitFor();
  await page.getByRole("button", { name: "Place an order" }).first().click();
  const placing = page.getByRole("dialog", { name: "Place an order" });
  await placing.getByRole("combobox").fill("Greta");
  await page.getByRole("option", { name: "Greta" }).first().click();
  await placing.getByLabel("What is ordered").fill("a flute");
  await placing.getByLabel("Value in EUR").fill("70");
  await placing.getByRole("button", { name: "Place the order" }).click();
  await placing
    .getByRole("alert")
    .filter({ hasText: /[Yy]ou may not.*order\.CREATE/ })
    .waitFor();
  // What was typed is still there.
  assert.equal(await placing.getByLabel("What is ordered").inputValue(), "a flute");
  await placing.getByRole("button", { name: "Cancel" }).click();
  await isBadge(page, "Live");

  // Whoever logs out leaves nothing behind.
  await logOut(page);
  await dialog.waitFor();
  assert.equal(await page.getByText("a harp").count(), 0);

  await logIn(page, "approver");
  await page.locator("header").getByText("approver").waitFor();
  await page.getByRole("link", { name: "Confirmations" }).click();
  await confirm.click();
  await page.getByText("Nothing waits for you").waitFor();
  await isBadge(page, "Live");
  clean(page);
});
