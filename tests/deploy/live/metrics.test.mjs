// What dashboards and alert rules ask for, a running installation has: every series, with every
// label that they match and keep. It is found by ONEWAY_STATE; a test of tests/e2e starts it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { selectors } from "../lib/metrics.mjs";
import { services } from "../lib/workspace.mjs";

/** What Prometheus adds: to each series, by deploy/observability/prometheus.yaml. */
const OF_PROMETHEUS = new Set(["job", "service", "instance"]);

/** Some figures come with the statistics of Kafka's client, seconds after the start. */
const LIMIT_MS = 60_000;

/** The series of a text: their names and labels. */
function parse(text) {
  return text.split("\n").filter((line) => line && !line.startsWith("#")).map((line) => {
    const [, name, labels = ""] = /^(\w+)(?:\{(.*)\})? /.exec(line);
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
    return { name, labels: new Map(pairs.map(([, label, value]) => [label, value])) };
  });
}

async function series() {
  const stack = JSON.parse(readFileSync(join(process.env.ONEWAY_STATE, "stack.json"), "utf8"));
  assert.deepEqual(Object.keys(stack.services).sort(), services.map(({ name }) => name).sort());
  const texts = Object.values(stack.services).map(async ({ admin_url: url }) => {
    const answer = await fetch(new URL("/metrics", url));
    assert.equal(answer.status, 200, url);
    return parse(await answer.text());
  });
  return (await Promise.all(texts)).flat();
}

const OPERATIONS = {
  "=": (has, value) => has === value,
  "!=": (has, value) => has !== value,
  "=~": (has, value) => new RegExp(`^(?:${value})$`).test(has ?? ""),
  "!~": (has, value) => !new RegExp(`^(?:${value})$`).test(has ?? ""),
};

/** Whether one of the series is what is asked for. A pattern must match with each alternative. */
function missing(all, { at, name, matchers, labels }) {
  const own = matchers.filter(({ label }) => !OF_PROMETHEUS.has(label));
  const kept = labels.filter((label) => !OF_PROMETHEUS.has(label));
  const of = all.filter((one) => one.name === name && kept.every((label) => one.labels.has(label)));
  const alternatives = ({ op, value }) =>
    op === "=~" && /^[\w-]+(\|[\w-]+)*$/.test(value) ? value.split("|") : [value];
  const is = (one, { label, op }, value) => OPERATIONS[op](one.labels.get(label), value);
  const wanted = own.length
    ? own.flatMap((matcher) => alternatives(matcher).map((value) => ({ matcher, value })))
    : [undefined];
  return wanted
    .filter((want) => !of.some((one) => !want || is(one, want.matcher, want.value)))
    .map((want) => `${name}{${want ? `${want.matcher.label}${want.matcher.op}${want.value}` : kept}}: ${at}`);
}

test("every series that dashboards and rules ask for is there", async () => {
  const asked = selectors();
  assert.ok(asked.length > 60, `${asked.length}`);
  const end = Date.now() + LIMIT_MS;
  for (;;) {
    const all = await series();
    const found = asked.flatMap((selector) => missing(all, selector));
    if (!found.length) return;
    assert.ok(Date.now() < end, `of ${all.length} series none is:\n${found.join("\n")}`);
    await pause(500);
  }
});

test("what is not there is told", () => {
  const all = parse('a_total{kind="x",to="y"} 1\nb{quantile="0.5"} 2\nc 3\n');
  const asked = (name, matchers = [], labels = []) => missing(all, { at: "here", name, matchers, labels });
  const match = (label, op, value) => [{ label, op, value }];
  assert.deepEqual(asked("a_total", match("kind", "=~", "x|z")), ["a_total{kind=~z}: here"]);
  assert.deepEqual(asked("a_total", match("kind", "=", "x"), ["to", "service"]), []);
  assert.equal(asked("b", match("quantile", "=", "0.99")).length, 1);
  assert.equal(asked("c", [], ["kind"]).length, 1);
  assert.equal(asked("d").length, 1);
});
