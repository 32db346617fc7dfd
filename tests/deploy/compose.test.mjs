// The compose file is what the services are: read by Docker Compose itself.
import assert from "node:assert/strict";
import { readFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { composed } from "./lib/tools.mjs";
import { prefix, root, services, text, variables } from "./lib/workspace.mjs";

const FILE = join(root, "deploy/compose.yaml");
/** What is started without asking for more, and that with the services that are optional. */
const usual = composed(FILE);
const plain = composed(FILE, ["canary"]);
const all = composed(FILE, ["canary", "ui", "observability", "mail"]);
const names = services.map((service) => service.name);
const isUsual = ({ optional }) => !optional;

test("every service is there, and what it needs", () => {
  const others = ["kafka", "postgres", "registry", "topics", "schemas"];
  assert.deepEqual(Object.keys(plain.services).sort(), [...names, ...others].sort());
  const started = services.filter(isUsual).map((service) => service.name);
  assert.deepEqual(Object.keys(usual.services).sort(), [...started, ...others].sort());
  assert.deepEqual(plain.services.topics.command, ["oneway", "topics", "apply"]);
  assert.deepEqual(plain.services.schemas.command, ["oneway", "schemas", "register", "--apply"]);
  const extras = Object.keys(all.services).filter((name) => !(name in plain.services));
  assert.deepEqual(extras.sort(), ["grafana", "jaeger", "kafbat", "mail", "prometheus"]);
});

for (const { name, http_port: http, admin_port: admin, reads, database } of services) {
  test(`${name} is as services.yaml says`, () => {
    const service = plain.services[name];
    assert.deepEqual(service.command, [name]);
    assert.deepEqual(service.healthcheck.test, ["CMD", name, "--health"]);
    const env = service.environment;
    assert.equal(env[`${prefix(name)}_ADMIN_ADDRESS`], `0.0.0.0:${admin}`);
    assert.equal(env[`${prefix(name)}_HTTP_ADDRESS`], http && `0.0.0.0:${http}`);
    assert.equal(env.KAFKA_BROKERS, reads && "kafka:9092");
    assert.equal(Boolean(env.DATABASE_URL), Boolean(database));
    assert.equal(env.ONEWAY_ANONYMOUS, http && "true");
    assert.equal(Boolean(service.depends_on.postgres), Boolean(database));
    for (const variable of Object.keys(env)) {
      assert.ok(variables.has(variable), `nobody reads ${variable}`);
      const owner = services.find((other) => variable.startsWith(`${prefix(other.name)}_`));
      assert.ok(!owner || owner.name === name, `${variable} is ${owner?.name}'s`);
    }
    assert.equal(service.read_only, true);
    assert.deepEqual(service.cap_drop, ["ALL"]);
    for (const step of ["topics", "schemas"]) {
      assert.equal(service.depends_on[step].condition, "service_completed_successfully");
    }
  });
}

test("whatever can be scaled has no name and no port of the host for itself", () => {
  const open = ["email-campaign", "web-ui"];
  for (const name of names) {
    const service = plain.services[name];
    assert.equal(service.container_name, undefined, name);
    assert.equal(service.ports !== undefined, open.includes(name), name);
    // Its name would be that of two.
    assert.equal("ONEWAY_INSTANCE" in service.environment, name === "command-processor", name);
  }
  for (const [name, { ports = [] }] of Object.entries(all.services)) {
    for (const port of ports) assert.equal(port.host_ip, "127.0.0.1", `${name} is open to the network`);
  }
  const taken = Object.values(all.services).flatMap(({ ports = [] }) => ports.map((port) => port.published));
  assert.equal(new Set(taken).size, taken.length, "a port of the host is there twice");
});

test("everything is started again, and has its bounds", () => {
  for (const [name, service] of Object.entries(all.services)) {
    assert.match(service.restart, /unless-stopped|on-failure/, name);
    if (!["topics", "schemas"].includes(name)) assert.ok(service.deploy.resources.limits.memory, `${name} has no limit`);
    assert.equal(service.logging.driver, "json-file", name);
  }
});

test("web-ui and operator know where all are, and canary whom it asks", () => {
  const urls = (port, of) => of.filter((one) => one[port]).map((one) => `${one.name}=http://${one.name}:${one[port]}`).join();
  const { environment } = plain.services["web-ui"];
  assert.equal(environment.WEB_UI_SERVICES, urls("http_port", services.filter((one) => one.name !== "web-ui")));
  // One that is not there would be shown as failing.
  assert.equal(plain.services.operator.environment.OPERATOR_SERVICES, urls("admin_port", services.filter(isUsual)));
  const asked = services.filter(({ name }) => ["command-api", "orders", "change-notifier"].includes(name));
  assert.equal(plain.services.canary.environment.CANARY_SERVICES, urls("http_port", asked));
});

test("the servers are of the versions that everything is tested with", () => {
  const pom = text("deploy/pom.xml");
  const version = (of) => pom.match(new RegExp(`<${of}.version>([^<]+)<`))[1];
  const tag = (name) => all.services[name].image.split(":").pop();
  assert.equal(tag("kafka"), version("kafka"));
  assert.equal(tag("registry"), version("apicurio"));
  assert.equal(tag("postgres"), version("postgres").split(".")[0]);
  assert.equal(tag("mail"), version("greenmail"));
});

test("Docker Compose refuses what is wrong", () => {
  const folder = mkdtempSync(join(tmpdir(), "oneway-compose-"));
  try {
    const file = join(folder, "compose.yaml");
    const source = readFileSync(FILE, "utf8").replace("include: [compose.extras.yaml]", "");
    const bad = [
      ["read_only: true", "read_olny: true"],
      ["restart: unless-stopped", "restart: [a]"],
      ["    topics: { condition", "    topic: { condition"],
    ];
    for (const [good, planted] of bad) {
      writeFileSync(file, source.replace(good, planted));
      assert.throws(() => composed(file), planted);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
