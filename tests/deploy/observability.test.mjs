// Dashboards and alerts ask only for what the code counts; each alert is explained.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { expressions, metricNames, metricsOf } from "./lib/metrics.mjs";
import { root, services, text, yaml } from "./lib/workspace.mjs";

/** The names of metrics as the sources have them. */
function counted() {
  const files = execFileSync("find", ["producers", "consumers", "-name", "metrics.rs"], { cwd: root, encoding: "utf8" });
  const sources = files.trim().split("\n").map((file) => readFileSync(join(root, file), "utf8"));
  return new Set(sources.flatMap((source) => [...source.matchAll(/"(oneway_[a-z_]+)"/g)].map(([, name]) => name)));
}

/** The further series of a summary or histogram are the metric's. */
const metric = (name, all) => (all.has(name) ? name : name.replace(/_(sum|count|bucket)$/, ""));

test("every metric that is asked for is counted by the code", () => {
  const all = counted();
  const used = metricNames();
  assert.ok(all.size > 30 && used.size > 30, `${all.size} counted, ${used.size} used`);
  for (const [name, at] of used) assert.ok(all.has(metric(name, all)), `${name} of ${at.join(", ")}`);
});

test("every metric that the code counts is shown", () => {
  const all = counted();
  const used = new Set([...metricNames().keys()].map((name) => metric(name, all)));
  for (const name of all) assert.ok(used.has(name), `${name} is in no panel and no rule`);
});

test("what is no PromQL is told", () => {
  assert.throws(() => metricsOf({ at: "x", text: "sum(rate(a[5m])" }), /no PromQL/);
  assert.deepEqual([...metricsOf({ at: "x", text: 'a{b="c"} / on (d) rate(e_total[1m]) or vector(0)' })], ["a", "e_total"]);
  assert.ok(expressions().length > 60);
});

test("each alert is explained in the runbook, and nothing else is", () => {
  const runbook = text("docs/operations.md");
  const explained = new Set([...runbook.matchAll(/^#### (Oneway\w+)$/gm)].map(([, name]) => name));
  const alerts = yaml("deploy/observability/alerts.yaml").groups.flatMap((group) => group.rules);
  for (const { alert, annotations } of alerts) {
    assert.ok(explained.delete(alert), `docs/operations.md does not explain ${alert}`);
    assert.equal(annotations.runbook, `docs/operations.md#${alert.toLowerCase()}`);
  }
  assert.deepEqual([...explained], []);
});

test("Prometheus reads the metrics of every service, where it serves them", () => {
  const [{ dns_sd_configs: read }] = yaml("deploy/observability/prometheus.yaml").scrape_configs;
  const found = read.map(({ names, port }) => [names.join(), port]);
  assert.deepEqual(found, services.map((service) => [service.name, service.admin_port]));
});
