// The document of the topics and their messages, as the tools of AsyncAPI and of Avro take it.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { AvroSchemaParser } from "@asyncapi/avro-schema-parser";
import { Parser } from "@asyncapi/parser";
import Ajv from "ajv";
import avsc from "avsc";

const repository = new URL("../../", import.meta.url);
const written = JSON.parse(readFileSync(new URL("docs/asyncapi.json", repository), "utf8"));

const avroParser = AvroSchemaParser();

/** What the parser makes of a document, and what it finds wrong or would have otherwise. */
async function parsed(document) {
  const parser = new Parser();
  parser.registerSchemaParser(avroParser);
  const { document: read, diagnostics } = await parser.parse(JSON.stringify(document));
  const said = diagnostics.map(
    ({ code, message, path }) => `${path.join("/")}: ${code} ${message}`,
  );
  return { read, said: [...said, ...(await wrongPayloads(document))] };
}

/** The parser translates payloads of documents of version 3, but does not have them checked. */
async function wrongPayloads(document) {
  const said = [];
  for (const { channel, name, message } of messagesOf(document)) {
    if (!isAvro(message)) continue;
    const results = await avroParser.validate({ data: message.payload.schema, path: [] });
    said.push(...results.map(({ message }) => `${channel}/${name}: ${message}`));
  }
  return said;
}

/** Every message of a document, with its channel. */
function messagesOf({ channels }) {
  return Object.entries(channels).flatMap(([channel, { messages }]) =>
    Object.entries(messages).map(([name, message]) => ({ channel, name, message })),
  );
}

function isAvro({ payload }) {
  return avroParser.getMimeTypes().includes(payload.schemaFormat);
}

test("the parser finds nothing to say", async () => {
  const { read, said } = await parsed(written);
  assert.deepEqual(said, []);
  assert.equal(read.version(), "3.1.0");
  assert.ok(read.channels().length > 20, `${read.channels().length} channels`);
  for (const channel of read.channels()) {
    assert.ok(channel.messages().length > 0, `${channel.id()} has no message`);
    assert.ok(channel.operations().length > 0, `${channel.id()} is used by nobody`);
    for (const message of channel.messages()) {
      const kafka = message.bindings().get("kafka").value();
      assert.equal(kafka.key?.type, "string", `${channel.id()} ${message.id()} has no key`);
      assert.ok(message.hasHeaders() && message.hasPayload(), `${channel.id()} ${message.id()}`);
    }
  }
  for (const operation of read.operations()) {
    assert.equal(operation.channels().length, 1, operation.id());
    assert.ok(operation.messages().length > 0, operation.id());
  }
});

test("the parser finds what is wrong", async () => {
  const order = (document) => document.channels["order.events"].messages.order_created;
  for (const [wanted, plant] of [
    [/undefined type name/, (all) => (order(all).payload.schema.fields[0].type = "strnig")],
    [/payload\/schema/, (all) => delete order(all).payload.schema.fields[0].name],
    [/schemaIdLocation/, (all) => (order(all).bindings.kafka.schemaIdLocation = "key")],
    [/does not exist/, (all) => (order(all).headers.allOf[0].$ref += "s")],
    [/allowed values/, (all) => (all.operations["orders.receive.order.events"].action = "read")],
    [/"host"/, (all) => (all.channels["order.events"].servers[0].$ref = "#/servers/none")],
    [/"version"/, (all) => delete all.info.version],
  ]) {
    const document = structuredClone(written);
    plant(document);
    const { said } = await parsed(document);
    assert.ok(
      said.some((one) => wanted.test(one)),
      `${plant}: ${said.join("\n")}`,
    );
  }
});

test("what the registry has is told as Avro", () => {
  const [avro, others] = [true, false].map((wanted) =>
    messagesOf(written).filter(({ message }) => isAvro(message) === wanted),
  );
  const names = new Set(others.map(({ name }) => name));
  assert.deepEqual([...names].sort(), ["dead_letter", "state_complete"]);
  assert.ok(avro.length > 40, `${avro.length} messages`);
  for (const { name, message } of avro) {
    const { schemaIdLocation, schemaLookupStrategy } = message.bindings.kafka;
    const said = [schemaIdLocation, schemaLookupStrategy];
    assert.deepEqual(said, ["payload", "TopicRecordNameStrategy"], name);
  }
});

test("each example is a golden datum", () => {
  const avro = messagesOf(written).filter(({ message }) => isAvro(message));
  let examples = 0;
  for (const { name, message } of avro) {
    const folder = new URL(`schemas/fixtures/${name}/`, repository);
    assert.ok(existsSync(folder), name);
    const golden = readdirSync(folder).map(
      (file) => JSON.parse(readFileSync(new URL(file, folder), "utf8")).datum,
    );
    const type = avsc.Type.forSchema(message.payload.schema);
    for (const { payload } of message.examples) {
      const datum = type.toBuffer(type.fromString(JSON.stringify(payload))).toString("hex");
      assert.ok(golden.includes(datum), `${name}: ${JSON.stringify(payload)}`);
      examples += 1;
    }
  }
  assert.ok(examples > avro.length, `${examples} examples`);
});

test("each example has headers as they are told", async () => {
  const { read } = await parsed(written);
  const ajv = new Ajv({ strict: false });
  let checked = 0;
  for (const message of read
    .channels()
    .all()
    .flatMap((channel) => channel.messages().all())) {
    const check = ajv.compile(message.headers().json());
    for (const example of message.examples().all()) {
      assert.ok(
        check(example.headers() ?? {}),
        `${message.name()}: ${ajv.errorsText(check.errors)}`,
      );
      assert.equal(check({ ...example.headers(), ce_type: "Another" }), false, message.name());
      checked += 1;
    }
  }
  assert.ok(checked > 40, `${checked} examples`);
});
