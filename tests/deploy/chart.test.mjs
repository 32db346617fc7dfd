// The chart renders, with Helm itself, to documents that Kubernetes, KEDA and Strimzi understand.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { charts, lint, pods, REFUSED, refusal } from "./lib/charts.mjs";
import { problems } from "./lib/kubernetes.mjs";
import { render, strimzi } from "./lib/tools.mjs";
import { root } from "./lib/workspace.mjs";

const isStrimzi = (document) => document.apiVersion === "kafka.strimzi.io/v1";

/** What is wrong with documents, by their names. */
async function judge(documents) {
  const found = [];
  const note = (document, problem) => found.push(`${document.kind} ${document.metadata.name}: ${problem}`);
  for (const document of documents.filter((document) => !isStrimzi(document))) {
    const wrong = await problems(document);
    for (const problem of wrong ?? ["there is no schema for it"]) note(document, problem);
  }
  const resources = documents.filter(isStrimzi);
  const said = resources.length ? strimzi(resources) : [];
  resources.forEach((resource, n) => said[n] && note(resource, said[n]));
  return found;
}

test("Helm finds nothing to mend", () => {
  assert.match(lint, /^false\n/, lint);
  assert.doesNotMatch(lint, /\[(WARNING|ERROR)\]/);
});

for (const { name, documents } of charts) {
  test(`${name}: every document is of its schema`, async () => {
    assert.ok(documents.length > 30, `${documents.length} documents`);
    assert.deepEqual(await judge(documents), []);
    const names = documents.map((document) => `${document.kind} ${document.metadata.name}`);
    assert.equal(new Set(names).size, names.length, "names are there twice");
  });
}

test("values that cannot work are refused", () => {
  for (const [name, [, said]] of Object.entries(REFUSED)) assert.match(refusal(name) ?? "", said, name);
});

test("faults in the chart are found", async () => {
  const plant = {
    "_pod.tpl": ["readinessProbe:", "readinesProbe:"],
    "workloads.yaml": ["revisionHistoryLimit: 5", "revisionHistoryLimit: five"],
    "autoscaling.yaml": ["maxReplicaCount:", "maxReplicas:"],
    "kafka.yaml": ["operations: [Write, Describe]", "operations: [Wirte, Describe]"],
    "jobs.yaml": ["backoffLimit: 6", "backOffLimit: 6"],
  };
  const chart = mkdtempSync(join(tmpdir(), "oneway-chart-"));
  try {
    cpSync(join(root, "deploy/helm/oneway"), chart, { recursive: true, dereference: true });
    for (const [file, [good, bad]] of Object.entries(plant)) {
      const path = join(chart, "templates", file);
      const source = readFileSync(path, "utf8");
      assert.ok(source.includes(good), `${file} has no ${good}`);
      writeFileSync(path, source.replaceAll(good, bad));
    }
    const found = (await judge(render({ bad: {} }, chart).bad.documents)).join("\n");
    for (const said of [/readinesProbe is unknown/, /revisionHistoryLimit type/, /maxReplicas is unknown/, /Wirte/, /backOffLimit is unknown/]) {
      assert.match(found, said);
    }
  } finally {
    rmSync(chart, { recursive: true });
  }
});

test("no pod can do more than it has to", () => {
  for (const chart of charts) {
    for (const { owner, spec } of pods(chart)) {
      const at = `${chart.name}: ${owner.metadata.name}`;
      const { runAsNonRoot, runAsUser, seccompProfile } = spec.securityContext;
      assert.deepEqual([runAsNonRoot, runAsUser, seccompProfile], [true, 65532, { type: "RuntimeDefault" }], at);
      assert.equal(spec.automountServiceAccountToken, false, at);
      for (const container of spec.containers) {
        assert.deepEqual(container.securityContext, {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        }, at);
        assert.ok(container.resources.limits.memory && container.resources.requests.cpu, at);
      }
    }
  }
});

test("who serves HTTP does so until it is asked no more, and has the time to finish", () => {
  for (const chart of charts) {
    for (const { owner, spec } of pods(chart).filter(({ owner }) => owner.kind !== "Job")) {
      const [{ lifecycle, ports }] = spec.containers;
      const wait = lifecycle?.preStop.sleep.seconds ?? 0;
      assert.equal(wait > 0, ports.some(({ name }) => name === "http"), owner.metadata.name);
      assert.ok(spec.terminationGracePeriodSeconds > wait + 30, owner.metadata.name);
    }
  }
});

test("no secret is in the chart, and every file that is named is mounted", () => {
  for (const chart of charts) {
    assert.deepEqual(chart.of("Secret"), [], chart.name);
    for (const { owner, spec } of pods(chart)) {
      const [{ env, volumeMounts = [] }] = spec.containers;
      const mounted = volumeMounts.map(({ name, mountPath }) => {
        const isThere = [...(spec.volumes ?? []), ...(owner.spec.volumeClaimTemplates ?? []).map((claim) => claim.metadata)];
        assert.ok(isThere.some((volume) => volume.name === name), `${owner.metadata.name} has no volume ${name}`);
        return `${mountPath}/`;
      });
      for (const { name, value } of env) {
        const at = `${chart.name}: ${owner.metadata.name} ${name}`;
        if (/PASSWORD|SECRET|_KEY$|DATABASE_URL|SMTP_URL/.test(name)) assert.equal(value, undefined, at);
        if (/_FILE$|_DIR$/.test(name)) assert.ok(mounted.some((path) => `${value}/`.startsWith(path)), at);
      }
    }
  }
});
