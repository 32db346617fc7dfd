// Where the stack is that the tests run against, what is in it, and how it is hurt.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const state = process.env.ONEWAY_STATE;
if (!state) throw new Error("ONEWAY_STATE is not set: see tests/e2e/tests/it/browser.rs");

const stack = () => JSON.parse(readFileSync(join(state, "stack.json"), "utf8"));

/** URL of a path of a service. */
export function url(name, path) {
  const base = stack().services[name]?.url;
  if (!base) throw new Error(`${name} does not run in this stack`);
  return base.replace(/\/$/, "") + path;
}

/** What a service says, below the page's origin. */
export async function get(path) {
  const answer = await fetch(url("web-ui", `/s/${path}`));
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** Sends a body to a service, below the page's origin. */
export async function post(path, body) {
  const answer = await fetch(url("web-ui", `/s/${path}`), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** Sends a signal to a service's process. */
export function signal(name, kind) {
  const { pid } = stack().services[name];
  if (pid) process.kill(pid, kind);
}
