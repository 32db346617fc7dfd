// A browser, and pages in it that fail their test when something goes wrong on them.
import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { after } from "node:test";

import { chromium } from "playwright-core";

import { url } from "./stack.mjs";

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

function program() {
  const named = process.env.ONEWAY_BROWSER;
  if (named) return named;
  const folders = (process.env.PATH ?? "").split(delimiter);
  const found = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  const first = found.find((path) => existsSync(path));
  if (!first) throw new Error(`there is no ${NAMES[0]}: install it, or name one by ONEWAY_BROWSER`);
  return first;
}

const browser = await chromium.launch({ executablePath: program(), args: FLAGS });
after(() => browser.close());

/** Longest wait for what a page is to show. */
const LIMIT_MS = 20_000;

/** What a page may say while a service is away: that it is. */
const OUTAGE = /Failed to load resource/;

/** A page of its own: as another person's browser, in which a script may run before the page's. */
export async function open(path, { script, ...options } = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(LIMIT_MS);
  page.wrongs = [];
  page.on("pageerror", (error) => page.wrongs.push(error.stack ?? String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !OUTAGE.test(message.text())) page.wrongs.push(message.text());
  });
  if (script) await page.addInitScript(script);
  await page.goto(url("web-ui", path));
  await page.locator("main h1").first().waitFor();
  return page;
}

/** Nothing has gone wrong on a page: no exception, nothing that its policy forbids. */
export const clean = (page) => assert.deepEqual(page.wrongs, []);

/** Keeps what a page looks like. */
export async function shot(page, name) {
  const folder = process.env.ONEWAY_SCREENSHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

/** The line that says how far one's own last command is. */
export const told = (page, text) =>
  page.getByRole("region", { name: "Commands" }).getByText(text).first().waitFor();

/** The badge in the header. */
export const badge = (page) => page.locator("header [role=status]").first();

/** Waits until the badge has this word. */
export const isBadge = (page, word) => badge(page).filter({ hasText: word }).waitFor();
