// Sends a command until it is known what became of it. Every try has the same Idempotency-Key, so
// that it is decided once however often it is sent.

import type { components } from '../../../openapi/command-api';
import { commandApi, take, type Answer } from '../api/clients';
import { Problem, asProblem, pause } from '../api/problem';
import { sleep } from '../sleep';

/** What a command came to. */
export interface Outcome {
  aggregateId: string;
  /** With it queries show what the command did. */
  token: string | undefined;
}

type Body = components['schemas']['Accepted'] | components['schemas']['Taken'];

interface Decided {
  aggregateId: string;
  token?: string | null;
}

/** Sends the command once; the headers go along. */
export type Call = (headers: Record<string, string>) => Promise<Answer<Body>>;

/** How long a command is sent again while the log is away, in milliseconds. */
const PATIENCE = 60_000;

/** A new Idempotency-Key: a UUID, also where pages have no secure context. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/**
 * Sends a command and waits for its outcome; throws the problem when it is refused, or when nobody
 * takes it. One that is in the log is waited for without an end: somebody will decide it.
 */
export async function decide(call: Call, key: string): Promise<Outcome> {
  const body = await taken(call, key);
  return 'version' in body ? outcome(body) : await decided(body.commandId);
}

async function taken(call: Call, key: string): Promise<Body> {
  const end = Date.now() + PATIENCE;
  for (let tries = 0; ; tries++) {
    try {
      return await take(call({ 'Idempotency-Key': key }));
    } catch (error) {
      const problem = asProblem(error);
      if (!problem?.isTemporary || Date.now() > end) throw error;
      await sleep(pause(tries, problem));
    }
  }
}

function outcome({ aggregateId, token }: Decided): Outcome {
  return { aggregateId, token: token ?? undefined };
}

/** Waits for the outcome of a command that is in the log. */
async function decided(id: string): Promise<Outcome> {
  for (let tries = 0; ; tries++) {
    await sleep(pause(tries, null));
    const known = await lookUp(id);
    if (known?.status === 'accepted') return outcome(known);
    if (known?.status === 'rejected') throw refused(known.rejection, known.token);
  }
}

/** What is known of a command; null while nobody tells. */
async function lookUp(id: string) {
  try {
    return await take(commandApi.GET('/v1/commands/{id}', { params: { path: { id } } }));
  } catch (error) {
    if (asProblem(error)?.isTemporary) return null;
    throw error;
  }
}

/** The problem that the command API would have told, had it waited. */
function refused(
  rejection: components['schemas']['RejectionBody'] | null | undefined,
  token: string | null | undefined,
): Problem {
  const { code = 'rejected', message = 'the command was refused', pointer } = rejection ?? {};
  const status = code === 'version_mismatch' ? 412 : code === 'not_found' ? 404 : 409;
  const errors = pointer ? [{ pointer, detail: message }] : [];
  const headers = new Headers(token ? { 'oneway-token': token } : {});
  return new Problem(status, { detail: message, code, errors }, headers);
}
