// Every service, port, topic, group and right in the chart is that of services.yaml and topics.yaml.
// What is expected is worked out here a second time, from the same declarations.
import assert from "node:assert/strict";
import { realpathSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { charts, pods } from "./lib/charts.mjs";
import { consumers, grouped, prefix, root, services, topics, variables } from "./lib/workspace.mjs";

const sorted = (items) => [...items].sort();
const service = (document) => services.find(({ name }) => name === document.metadata.labels["app.kubernetes.io/name"]);
const variable = (container, name) => container.env.find((variable) => variable.name === name);

/** Whom the canary asks. */
const ASKED = ["command-api", "orders", "change-notifier"];

/** For the connection: read by clients, and not in every list of settings yet. */
const CONNECTION = new Set([
  "KAFKA_SECURITY_PROTOCOL", "KAFKA_CA_FILE", "KAFKA_CERTIFICATE_FILE", "KAFKA_KEY_FILE",
  "KAFKA_SASL_MECHANISM", "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD",
  "SCHEMA_REGISTRY_CA_FILE", "SCHEMA_REGISTRY_USERNAME", "SCHEMA_REGISTRY_PASSWORD",
]);

test("the chart reads the very files of the local stack", () => {
  for (const file of ["services.yaml", "topics.yaml"]) {
    assert.equal(realpathSync(join(root, "deploy/helm/oneway/files", file)), realpathSync(join(root, "deploy", file)));
  }
});

for (const chart of charts) {
  const { name, of, named, isEnabled, values } = chart;
  const wanted = services.filter(isEnabled);
  const ns = values.namespace ?? "";

  test(`${name}: the services`, () => {
    const workloads = [...of("Deployment"), ...of("StatefulSet")];
    assert.deepEqual(sorted(workloads.map((one) => one.metadata.name)), sorted(wanted.map((one) => `shop-${one.name}`)));
    assert.deepEqual(of("StatefulSet").map((one) => one.metadata.name), ["shop-command-processor"]);
    for (const workload of workloads) {
      const { name, http_port: http, admin_port: admin } = service(workload);
      const [container, ...others] = workload.spec.template.spec.containers;
      assert.deepEqual([container.args, others], [[name], []], name);
      const ports = [...(http ? [{ name: "http", containerPort: http }] : []), { name: "admin", containerPort: admin }];
      assert.deepEqual(container.ports, ports, name);
      assert.equal(variable(container, `${prefix(name)}_ADMIN_ADDRESS`).value, `0.0.0.0:${admin}`);
      assert.equal(variable(container, `${prefix(name)}_HTTP_ADDRESS`)?.value, http && `0.0.0.0:${http}`);
      const { ports: served, selector } = named("Service", `shop-${name}`).spec;
      assert.deepEqual(served.map(({ port, targetPort }) => [targetPort, port]), ports.map((port) => [port.name, port.containerPort]));
      assert.deepEqual(selector, workload.spec.selector.matchLabels);
      const paths = [container.livenessProbe, container.readinessProbe].map((probe) => [probe.httpGet.path, probe.httpGet.port]);
      assert.deepEqual(paths, [["/health/live", "admin"], ["/health/ready", "admin"]]);
      assert.equal(workload.spec.template.metadata.annotations["prometheus.io/port"], String(admin));
    }
  });

  test(`${name}: the settings`, () => {
    for (const { owner, spec } of pods(chart)) {
      const [container] = spec.containers;
      const at = `${owner.metadata.name}`;
      assert.equal(new Set(container.env.map((one) => one.name)).size, container.env.length, `${at} has a variable twice`);
      for (const { name } of container.env) {
        assert.ok(variables.has(name) || CONNECTION.has(name), `nobody reads ${name} of ${at}`);
        const others = services.find((other) => name.startsWith(`${prefix(other.name)}_`) && other !== service(owner));
        assert.ok(!others || name.startsWith(`${prefix(service(owner)?.name ?? "-")}_`), `${name} of ${at} is ${others?.name}'s`);
      }
      if (owner.kind === "Job") continue;
      const { reads, database, name } = service(owner);
      assert.equal(Boolean(variable(container, "KAFKA_BROKERS")), Boolean(reads), at);
      assert.equal(Boolean(variable(container, "DATABASE_URL")), Boolean(database), at);
      // The name of an instance must be its own and stay: that of a pod of a StatefulSet.
      const instance = variable(container, "ONEWAY_INSTANCE");
      assert.deepEqual(instance?.valueFrom, name === "command-processor" ? { fieldRef: { fieldPath: "metadata.name" } } : undefined);
    }
  });

  test(`${name}: where others are`, () => {
    const urls = (port) => wanted.filter((one) => one[port]).map((one) => `${one.name}=http://shop-${one.name}:${one[port]}`).join();
    const of = (name) => named("Deployment", `shop-${name}`).spec.template.spec.containers[0];
    assert.equal(variable(of("web-ui"), "WEB_UI_SERVICES").value, urls("http_port"));
    assert.equal(variable(of("operator"), "OPERATOR_SERVICES").value, urls("admin_port"));
  });

  test(`${name}: the canary, where it is wanted`, () => {
    const canary = named("Deployment", "shop-canary");
    assert.equal(Boolean(canary), ["managed", "everything"].includes(name));
    if (!canary) return;
    const { containers: [container], volumes } = canary.spec.template.spec;
    const asked = wanted.filter((one) => ASKED.includes(one.name));
    const urls = asked.map((one) => `${one.name}=http://shop-${one.name}:${one.http_port}`);
    assert.equal(variable(container, "CANARY_SERVICES").value, urls.join());
    // A whole folder, which follows the secret: one that is replaced is read with the next run.
    const [secret, key] = name === "managed" ? ["oneway-canary", "token"] : ["canary", "jwt"];
    assert.equal(variable(container, "CANARY_TOKEN_FILE").value, `/etc/oneway/canary-token/${key}`);
    assert.deepEqual(container.volumeMounts, [{ name: "canary-token", mountPath: "/etc/oneway/canary-token", readOnly: true }]);
    assert.deepEqual(volumes.map((volume) => volume.secret.secretName), [secret]);
    // Two would correct each other's order.
    assert.deepEqual([canary.spec.replicas, canary.spec.strategy.type], [1, "Recreate"]);
    // Nobody but these three, and they let it in.
    const { egress } = named("NetworkPolicy", "shop-canary").spec;
    const pods = (rule, way) => rule[way]?.map((peer) => peer.podSelector.matchLabels["app.kubernetes.io/name"]) ?? [];
    assert.deepEqual(egress.flatMap((rule) => pods(rule, "to")), asked.map((one) => one.name));
    const ports = egress.filter((rule) => rule.to).map((rule) => rule.ports.map(({ port }) => port));
    assert.deepEqual(ports, asked.map((one) => [one.http_port]));
    for (const one of wanted.filter((one) => one.http_port)) {
      const [rule] = named("NetworkPolicy", `shop-${one.name}`).spec.ingress;
      const isLetIn = (rule.from ?? []).some((peer) => peer.podSelector?.matchLabels["app.kubernetes.io/name"] === "canary");
      assert.equal(isLetIn, ASKED.includes(one.name), one.name);
    }
  });

  if (of("KafkaTopic").length || name === "strimzi") {
    test(`${name}: the topics`, () => {
      const partitions = values.topics?.partitions ?? topics.partitions;
      const replication = values.topics?.replication ?? topics.replication;
      const expected = Object.entries(topics.topics).map(([topic, { event_store, config = {} }]) => ({
        topicName: ns + topic,
        partitions,
        replicas: replication,
        config: {
          ...(replication > 1 ? { "min.insync.replicas": "2" } : {}),
          ...(event_store ? { "cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1" } : {}),
          ...config,
        },
      }));
      const byName = (a, b) => a.topicName.localeCompare(b.topicName);
      assert.deepEqual(of("KafkaTopic").map((topic) => topic.spec).sort(byName), expected.sort(byName));
      for (const topic of of("KafkaTopic")) assert.equal(topic.metadata.annotations["helm.sh/resource-policy"], "keep");
    });

    test(`${name}: the rights`, () => {
      for (const service of wanted.filter((one) => one.reads)) {
        const user = named("KafkaUser", `shop-${service.name}`);
        assert.deepEqual(rights(user), sorted(expected(service, ns)), service.name);
      }
      const others = of("KafkaUser").map((user) => user.metadata.name).filter((name) => !wanted.some((one) => `shop-${one.name}` === name));
      assert.deepEqual(sorted(others), sorted(["shop-setup", ...(of("ScaledObject").length ? ["shop-keda"] : [])]));
      // Nobody but the Jobs makes topics, and nobody may do everything or change settings.
      for (const user of of("KafkaUser")) {
        const all = rights(user).join("\n");
        assert.doesNotMatch(all, / (All|Alter|AlterConfigs|Delete|ClusterAction)$/m);
        if (user.metadata.name !== "shop-setup") assert.doesNotMatch(all, / Create$/m);
      }
    });
  }

  test(`${name}: who scales by what`, () => {
    const isScaled = values.keda?.enabled ?? name !== "small";
    const expected = isScaled ? consumers.filter(isEnabled) : [];
    assert.deepEqual(sorted(of("ScaledObject").map((one) => one.metadata.name)), sorted(expected.map((one) => `shop-${one.name}`)));
    for (const scaled of of("ScaledObject")) {
      const { spec } = scaled;
      const workload = named("Deployment", spec.scaleTargetRef.name);
      assert.equal(workload.spec.replicas, undefined, "two would set the number of replicas");
      const partitions = values.topics?.partitions ?? topics.partitions;
      assert.ok(spec.maxReplicaCount <= partitions && spec.minReplicaCount >= 1 && spec.fallback.replicas <= spec.maxReplicaCount);
      const triggers = spec.triggers.map(({ metadata }) => [metadata.topic, metadata.consumerGroup, metadata.offsetResetPolicy]);
      const own = service(scaled);
      assert.deepEqual(triggers, grouped(own).map((topic) => [ns + topic, ns + own.name, "earliest"]));
    }
    for (const one of wanted.filter((one) => !expected.includes(one))) {
      const workload = named("Deployment", `shop-${one.name}`) ?? named("StatefulSet", `shop-${one.name}`);
      assert.ok(workload.spec.replicas >= 1, one.name);
    }
  });

  test(`${name}: who may connect to what`, () => {
    const policies = of("NetworkPolicy");
    if (values.networkPolicies?.enabled === false) return assert.deepEqual(policies, []);
    const deny = named("NetworkPolicy", "shop-deny").spec;
    assert.deepEqual([deny.ingress, deny.egress, deny.policyTypes], [undefined, undefined, ["Ingress", "Egress"]]);
    for (const { metadata } of pods(chart)) {
      for (const [label, value] of Object.entries(deny.podSelector.matchLabels)) assert.equal(metadata.labels[label], value);
    }
    const { env } = named("StatefulSet", "shop-command-processor").spec.template.spec.containers[0];
    const brokers = Number(env.find((one) => one.name === "KAFKA_BROKERS").value.split(":").pop());
    const way = (name) => (named("NetworkPolicy", `shop-${name}`).spec.egress ?? []).flatMap((rule) => rule.ports.map((port) => port.port));
    for (const one of wanted) {
      assert.equal(way(one.name).includes(5432), Boolean(one.database), `${one.name} and Postgres`);
      assert.equal(way(one.name).includes(brokers), Boolean(one.reads), `${one.name} and Kafka`);
      assert.equal(way(one.name).includes(587), one.name === "email-campaign", `${one.name} and mail`);
    }
  });
}

test("what would break an upgrade stops it before", () => {
  const jobs = (name) => charts.find((chart) => chart.name === name).of("Job").map(({ metadata, spec }) => [
    // To where the file of topics is named, which is another matter.
    spec.template.spec.containers[0].args.join(" ").replace(/ --file .*/, ""),
    metadata.annotations["test.oneway/hook"],
    Number(metadata.annotations["test.oneway/hook-weight"]),
  ]);
  const always = "pre-install,pre-upgrade";
  const expected = (topics) => [
    ["oneway topics apply", topics, 1],
    ["oneway schemas verify-history", "pre-upgrade", 2],
    ["oneway schemas register --apply", always, 3],
  ];
  assert.deepEqual(jobs("managed"), expected(always));
  // The user of the Job is made by the installation.
  assert.deepEqual(jobs("strimzi"), expected("pre-upgrade"));
  assert.deepEqual(jobs("bare"), []);
});

/** The rights of a user, one a line. */
function rights(user) {
  return sorted(user.spec.authorization.acls.flatMap(({ resource: { type, name = "", patternType = "literal" }, operations }) =>
    operations.map((operation) => `${type} ${patternType} ${name} ${operation}`)));
}

/** The rights that a service must have. */
function expected(service, ns) {
  const { name, reads, writes = [], groups = [] } = service;
  const is = (type, pattern, named, ...operations) => operations.map((operation) => `${type} ${pattern} ${named} ${operation}`);
  return [
    ...reads.flatMap((topic) => is("topic", "literal", ns + topic, "Read", "Describe")),
    ...writes.flatMap((topic) => is("topic", "literal", ns + topic, "Write", "Describe")),
    ...is("group", "literal", ns + name, "Read", "Describe"),
    ...is("group", "prefix", `${ns}${name}.`, "Read", "Describe"),
    ...[...groups, "partition-reader"].flatMap((group) => is("group", "literal", ns + group, "Describe")),
    ...(writes.length ? [...is("transactionalId", "prefix", `${ns}${name}.`, "Write", "Describe"), ...is("cluster", "literal", "", "IdempotentWrite")] : []),
    ...(name === "command-processor"
      ? [...reads.flatMap((topic) => is("topic", "literal", ns + topic, "DescribeConfigs")), ...is("cluster", "literal", "", "DescribeConfigs")]
      : []),
  ];
}
