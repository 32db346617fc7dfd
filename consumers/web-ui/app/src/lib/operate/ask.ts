// Questions to services whose descriptions leave the shape of their answers open: what comes is
// typed here, by hand.

import { answering, failing } from '../api/health.svelte';
import { Problem, asProblem } from '../api/problem';
import { requireLogin } from '../session.svelte';

interface Question {
  query?: Record<string, string | number | undefined>;
  /** With it something is done, without it only looked. */
  body?: unknown;
  signal?: AbortSignal;
}

/** The address of a question; what is undefined or empty is left out. */
export function address(service: string, path: string, query: Question['query'] = {}): string {
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') said.set(name, String(value));
  }
  return `/s/${service}${path}${said.size > 0 ? `?${said}` : ''}`;
}

/** Asks a service; throws the problem when it does not do as asked. */
export async function ask<T>(service: string, path: string, question: Question = {}): Promise<T> {
  const { query, body, signal = null } = question;
  const init: RequestInit = { signal, headers: { accept: 'application/json' } };
  if (body !== undefined) {
    init.method = 'POST';
    init.headers = { accept: 'application/json', 'content-type': 'application/json' };
    init.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(address(service, path, query), init);
  } catch (error) {
    const problem = asProblem(error);
    if (problem?.status === 0) failing(service, problem);
    throw problem ?? error;
  }
  const text = await response.text();
  const answer = parsed(text);
  if (response.ok) {
    answering(service);
    return answer as T;
  }
  if (response.status === 401) requireLogin();
  const problem = Problem.of(response, answer);
  if (problem.isOutage) failing(service, problem);
  throw problem;
}

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
