// Which metrics dashboards and alert rules ask for.
import { readdirSync } from "node:fs";
import { join } from "node:path";

import { parser } from "@prometheus-io/lezer-promql";

import { root, text, yaml } from "./workspace.mjs";

const BOARDS = "deploy/observability/grafana/dashboards";

/** Of Prometheus itself, not of our processes. */
const OF_PROMETHEUS = new Set(["up", "ALERTS"]);

/** Every expression: where it is, and its text. */
export function expressions() {
  const found = [];
  for (const file of readdirSync(join(root, BOARDS))) {
    for (const panel of JSON.parse(text(join(BOARDS, file))).panels) {
      for (const target of panel.targets) {
        found.push({ at: `${file}: ${panel.title} ${target.refId}`, text: target.expr });
      }
    }
  }
  for (const group of yaml("deploy/observability/alerts.yaml").groups) {
    for (const rule of group.rules) found.push({ at: `alerts.yaml: ${rule.alert}`, text: rule.expr });
  }
  return found;
}

/**
 * What an expression selects, by Prometheus' own grammar: names, with what their labels are matched
 * by and what aggregations around them keep. Throws where it is none.
 */
export function selectorsOf({ at, text: expression }) {
  const selectors = [];
  const kept = [];
  const part = (node) => expression.slice(node.from, node.to);
  parser.parse(expression).iterate({
    enter(node) {
      if (node.type.isError) throw new Error(`${at}: no PromQL at ${node.from}: ${expression}`);
      if (node.name === "AggregateExpr") kept.push(labelsKept(node.node).map(part));
      if (node.name !== "VectorSelector") return;
      const name = node.node.getChild("Identifier");
      if (!name) throw new Error(`${at}: a selector without a name: ${expression}`);
      const matchers = node.node.getChild("LabelMatchers")?.getChildren("UnquotedLabelMatcher") ?? [];
      selectors.push({
        at,
        name: part(name),
        matchers: matchers.map((matcher) => ({
          label: part(matcher.getChild("LabelName")),
          op: part(matcher.getChild("MatchOp")),
          value: part(matcher.getChild("StringLiteral")).slice(1, -1),
        })),
        labels: kept.flat(),
      });
    },
    leave(node) {
      if (node.name === "AggregateExpr") kept.pop();
    },
  });
  return selectors;
}

function labelsKept(aggregation) {
  const modifier = aggregation.getChild("AggregateModifier");
  return modifier?.getChild("By") ? modifier.getChild("GroupingLabels").getChildren("LabelName") : [];
}

/** The metrics that an expression selects. */
export const metricsOf = (expression) => new Set(selectorsOf(expression).map(({ name }) => name));

/** All that dashboards and rules select of our processes. */
export const selectors = () =>
  expressions().flatMap(selectorsOf).filter(({ name }) => !OF_PROMETHEUS.has(name));

/**
 * The names of all series that dashboards and rules need our processes to have, with where they are
 * used. Most histograms are summaries here: NAME with quantiles, NAME_sum and NAME_count; what is told in
 * buckets has NAME_bucket.
 */
export function metricNames() {
  const used = new Map();
  for (const expression of expressions()) {
    for (const name of metricsOf(expression)) {
      if (!OF_PROMETHEUS.has(name)) used.set(name, [...(used.get(name) ?? []), expression.at]);
    }
  }
  return used;
}
