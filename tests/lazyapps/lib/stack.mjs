// Where a running stack is, and how it is waited for. ONEWAY_STATE is its state folder; the command
// line tool is found by ONEWAY_TOOL.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";

const LIMIT_MS = 60_000;

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: see tests/e2e/tests/it/wire.rs`);
  return value;
}

function service(name, address) {
  const stack = JSON.parse(readFileSync(join(required("ONEWAY_STATE"), "stack.json"), "utf8"));
  const base = stack.services[name]?.[address];
  if (!base) throw new Error(`${name} does not run in this stack`);
  return base.replace(/\/$/, "");
}

/** URL of a path of a service, by the stack's own description. */
export const url = (name, path) => service(name, "url") + path;

/** Runs `oneway`; its exit code must be 0. Returns what it printed. */
export async function oneway(...args) {
  const run = promisify(execFile)(required("ONEWAY_TOOL"), [
    "--state",
    required("ONEWAY_STATE"),
    ...args,
  ]);
  const { stdout } = await run.catch((error) => {
    throw new Error(`oneway ${args.join(" ")}: exit ${error.code}: ${error.stderr}`);
  });
  return stdout;
}

/** Looks again and again until `holds`; fails with the last value seen. */
export async function eventually(what, look, holds) {
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (Date.now() > deadline) {
      throw new Error(`waited ${LIMIT_MS} ms for ${what}; last seen: ${JSON.stringify(seen)}`);
    }
    await pause(30);
  }
}

/** Has a consumer apply nothing until it is resumed, at the latest at the end of the test. */
export async function paused(t, consumer) {
  await oneway("consumer", consumer, "pause");
  t.after(() => resume(consumer));
  const look = async () => (await fetch(`${service(consumer, "admin_url")}/metrics`)).text();
  const isPaused = (metrics) => /^oneway_consumer_paused(\{.*\})? 1$/m.test(metrics);
  await eventually(`${consumer} to be paused`, look, isPaused);
}

/** Has it go on. */
export const resume = (consumer) => oneway("consumer", consumer, "resume");
