// Where the stack is that the tests run against, what is in it, and how it is hurt.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

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

/** Runs the command line on this stack; returns what it prints. */
export async function oneway(...args) {
  const { stdout } = await promisify(execFile)(process.env.ONEWAY_TOOL, ["--state", state, ...args]);
  return stdout;
}

/** The headers of somebody with a role. */
export async function bearer(subject, role) {
  const token = await oneway("tokens", "issue", "--subject", subject, "--roles", role);
  return { authorization: `Bearer ${token.trim()}` };
}

/** Sends a body to a service, below the page's origin. */
export async function post(path, body, headers = {}) {
  const answer = await fetch(url("web-ui", `/s/${path}`), {
    method: "POST",
    headers: { accept: "application/json", "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** The mails that were caught for an address: their subjects, and their HTML as a reader has it. */
export async function mailsTo(address) {
  const { port } = stack().infrastructure.mail;
  const answer = await fetch(`http://127.0.0.1:${port}/api/user/${address}/messages/INBOX`);
  // Whoever was not written to yet has no mailbox.
  if (!answer.ok) return [];
  return (await answer.json()).map(({ subject, mimeMessage }) => {
    const [, part] = /Content-Type: text\/html.*?\r\n\r\n(.*?)\r\n--/s.exec(mimeMessage);
    const bytes = part
      .replace(/=\r\n/g, "")
      .replace(/=([0-9A-F]{2})/g, (_, code) => String.fromCharCode(parseInt(code, 16)));
    const text = Buffer.from(bytes, "latin1").toString("utf8");
    return { subject, html: text.replaceAll("&#x2f;", "/").replaceAll("&amp;", "&") };
  });
}

/** Sends a signal to a service's process. */
export function signal(name, kind) {
  const { pid } = stack().services[name];
  try {
    if (pid) process.kill(pid, kind);
  } catch (error) {
    // It has ended already, and its supervisor has not seen that yet.
    if (error.code !== "ESRCH") throw error;
  }
}
