// A campaign whose mails are really sent, opened and clicked: the page shows each of it as it happens.
import assert from "node:assert/strict";
import { test } from "node:test";

import { clean, isBadge, open, shot } from "./lib/browser.mjs";
import { get, mailsTo, post } from "./lib/stack.mjs";

const PEOPLE = ["Hanna Vogt", "Ivo Brandt", "Jule Petersen", "Karl Simon", "Lena Roth", "Mia Adler"];

/** What somebody does is seen within so long, in milliseconds: a funnel is read anew at most so often. */
const SOON = 4_000;

const address = (name) => `${name.split(" ")[0].toLowerCase()}@example.org`;

const command = (aggregateName, aggregateId, name, payload) =>
  post("command-api/api/command", { aggregateName, aggregateId, command: name, payload });

/** Somebody of class B; `isOpen` to mails or not. */
async function customer(name, isOpen) {
  const person = { name, location: "Lübeck", email: address(name) };
  const { aggregateId: id } = await post("command-api/v1/customers", person);
  if (isOpen) await command("customer", id, "GRANT_EMAIL_PERMISSION", { source: "shop" });
  await post("command-api/v1/orders", { customerId: id, text: "a lamp", value: "250" });
  return id;
}

async function eventually(look) {
  const end = Date.now() + 30_000;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    assert.ok(Date.now() < end, `too late: ${look}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The addresses in a mail, as the reader's program finds them. */
const links = (html) => [...html.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, link]) => link);

test("mails that are sent, opened and clicked fill the funnel", async () => {
  const ids = [];
  for (const name of PEOPLE) ids.push(await customer(name, name !== "Mia Adler"));
  const classes = () => get("customer-classifier/v1/classifications/summary");
  await eventually(async () => (await classes()).B === PEOPLE.length);

  const page = await open("/campaigns");
  await page.getByRole("button", { name: "New campaign" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("Lamps in autumn");
  await dialog.getByLabel("Subject").fill("Light for dark evenings, {{ name }}");
  await dialog
    .getByLabel("Mail (HTML)")
    .fill("<p>Dear {{ name }},</p><p><a href=\"{{ link('https://shop.example/lamps') }}\">Look</a></p>");
  await dialog.getByRole("button", { name: "Create the draft" }).click();
  // Before anything is sent, it says whom it would be sent to, and how the mail looks.
  const audience = page.locator("section", { has: page.getByRole("heading", { name: "Audience" }) });
  await audience.getByText(`would write to ${PEOPLE.length - 1} customers of ${PEOPLE.length}`).waitFor();
  await audience.getByText("1 customer without permission").waitFor();
  await page.frameLocator("iframe").getByText("Dear Anna Example").waitFor();
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await dialog.getByRole("button", { name: "Start" }).click();

  const step = (name, count) =>
    page.locator("tr", { has: page.getByRole("rowheader", { name, exact: true }) }).filter({
      has: page.getByRole("cell", { name: String(count), exact: true }),
    });
  await step("Sent", PEOPLE.length - 1).waitFor();
  await step("No permission", 1).waitFor();
  await isBadge(page, "Live");

  const within = async (what, happens) => {
    await happens();
    const since = Date.now();
    await what.waitFor();
    const late = Date.now() - since;
    assert.ok(late < SOON, `seen after ${late} ms`);
  };
  const letters = [];
  for (const name of PEOPLE.slice(0, -1)) {
    const [mail] = await eventually(async () => {
      const mails = await mailsTo(address(name));
      return mails.length > 0 && mails;
    });
    assert.equal(mail.subject, `Light for dark evenings, ${name}`);
    letters.push(mail.html);
  }
  assert.deepEqual(await mailsTo(address("Mia Adler")), []);

  const seen = (html) => links(html).find((link) => link.endsWith("/opened"));
  const clicked = (html) => links(html).find((link) => link.includes("/to/"));
  const visit = (link) => fetch(link, { redirect: "manual" });
  await within(step("Opened", 1), () => visit(seen(letters[0])));
  await within(step("Opened", 3), () => Promise.all(letters.slice(1, 3).map((html) => visit(seen(html)))));
  await within(step("Clicked", 1), async () => {
    const answer = await visit(clicked(letters[0]));
    assert.equal(answer.headers.get("location"), "https://shop.example/lamps");
  });
  const leave = links(letters[1]).find((link) => link.endsWith("/unsubscribe"));
  await within(step("Unsubscribed", 1), () => fetch(leave, { method: "POST" }));
  const row = (name) => page.locator("#mails tr", { hasText: name });
  await row("Hanna Vogt").getByText("opened, clicked").waitFor();
  await row("Ivo Brandt").getByText("opened, unsubscribed").waitFor();
  await row("Mia Adler").getByText("Does not allow e-mails").waitFor();

  // What the page shows is what the service says.
  const id = decodeURIComponent(page.url().split("/").at(-1));
  const { funnel } = await get(`campaigns/v1/campaigns/${encodeURIComponent(id)}`);
  assert.deepEqual(
    [funnel.mailings, funnel.sent, funnel.opened, funnel.clicked, funnel.unsubscribed],
    [6, 5, 3, 1, 1],
  );
  // It pauses and goes on, and says so.
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByRole("button", { name: "Pause" }).waitFor();
  await page.setViewportSize({ width: 1280, height: 960 });
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await shot(page, `campaign-${colorScheme}`);
  }
  clean(page);
});
