// Recordings: commands in JSON lines, with who asked and when, are imported and replayed.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { answerOf, newCorrelationId, newId, post, resolve, row } from "./lib/shop.mjs";
import { oneway, url } from "./lib/stack.mjs";

/** Some days ago, at ten. */
const FIRST = Math.floor(Date.now() / 86_400_000 - 9) * 86_400_000 + 36_000_000;
const DAY = new Date(FIRST).toISOString().slice(0, 10);
const AUTH = { sub: "anna", token: "a-secret-of-anna" };

/** A day of somebody's, as the original records it. */
function recording() {
  const [customerId, small, large] = [newId(), newId(), newId()];
  const wishes = [
    ["customer", customerId, "CREATE", { name: "Rec", location: "Bern" }],
    ["customer", customerId, "UPDATE", { id: customerId, name: "Recorded", location: "Bern" }],
    ["order", small, "CREATE", { customerId, text: "two CDs", value: "13.99" }],
    [
      "order",
      small,
      "ADD_USD_RATE_AND_VALUE",
      { time: DAY, usdRate: "1.0850", usdValue: 15.17915 },
    ],
    ["order", large, "CREATE", { customerId, text: "a shelf", value: "1500" }],
    ["order", large, "CONFIRM", {}],
  ];
  const lines = wishes.map(([aggregateName, aggregateId, command, payload], n) => ({
    aggregateName,
    aggregateId,
    command,
    payload,
    correlationId: newCorrelationId(),
    auth: AUTH,
    timestamp: FIRST + n * 1_500,
  }));
  return { customerId, small, large, lines };
}

async function isThere({ customerId, small, large }, isDay) {
  const named = (found) => found?.customerName === "Recorded";
  const isDone = (found) => named(found) && found.status === "confirmed";
  assert.equal((await row("orders", "overview/all", large, isDone)).value, "1500");
  const valued = (found) => isDone(found) && isDay(found.usdInfo?.exchangeRateDate);
  const { usdInfo } = await row("orders", "overview/all", small, valued);
  assert.deepEqual([usdInfo.exchangeRate, usdInfo.value], ["1.0850", 15.17915]);
  const rows = await resolve("customers", "editing/byId", { id: customerId });
  assert.deepEqual(rows, [{ id: customerId, name: "Recorded", location: "Bern" }]);
}

const folder = await mkdtemp(join(tmpdir(), "recordings-"));
after(() => rm(folder, { recursive: true }));

test("a recording is imported, once, with its times and correlation ids", async () => {
  const recorded = recording();
  const { lines, small } = recorded;
  const file = join(folder, "day.jsonl");
  await writeFile(file, lines.map((line) => JSON.stringify(line)).join("\n") + "\n");
  const replay = async () => JSON.parse(await oneway("commands", "replay", file, "--json"));
  const first = await replay();
  assert.deepEqual(
    [first.commands, first.accepted, first.refusedCount, first.rejectedCount],
    [lines.length, lines.length, 0, 0],
    JSON.stringify(first),
  );
  // Whoever values it, does so by the rate of its day.
  await isThere(recorded, (day) => day === DAY);
  const order = await answerOf(await fetch(url("orders", `/v1/orders/${small}`)));
  assert.equal(Date.parse(order.json.orderedAt), lines[2].timestamp, "ordered when it was");

  const told = JSON.parse(await oneway("trace", lines[2].correlationId, "--json"));
  const wish = told.records.find(({ kind }) => kind === "command");
  assert.deepEqual([wish.type, wish.key], ["create_order", small]);
  assert.equal(Date.parse(wish.time), lines[2].timestamp);
  assert.ok(told.records.some(({ type }) => type === "order_created"), "it goes on to events");

  const again = await replay();
  assert.equal(again.accepted, lines.length, "the same commands have the same outcomes");
  const exported = await oneway("commands", "export");
  assert.ok(exported.includes(lines[2].correlationId));
  assert.ok(!exported.includes(AUTH.token), "nothing that authenticates is kept");
});

test("a recording is replayed over HTTP, line by line with a delay", async () => {
  const recorded = recording();
  for (const line of recorded.lines) {
    const answer = await post(line);
    assert.deepEqual([answer.status, answer.text], [200, "OK"], line.command);
    assert.equal(answer.headers.get("x-correlation-id"), line.correlationId);
    await pause(5);
  }
  // Over HTTP they are wishes of today.
  await isThere(recorded, (day) => day !== undefined);
});
