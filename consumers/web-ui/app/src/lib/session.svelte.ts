// Who is logged in. The cookie of the service `tokens` does the rest; installations that let
// everybody do everything have nobody logged in, and nobody sees any of this.

import { Problem, pause } from './api/problem';

interface Status {
  authenticated: boolean;
  subject?: string | null;
  roles?: string[] | null;
  expiresAt?: string | null;
}

interface Session {
  /** Somebody has to log in before anything is answered. */
  isNeeded: boolean;
  /** Who is logged in. */
  subject: string | null;
  /** In which roles. */
  roles: readonly string[];
}

export const session = $state<Session>({ isNeeded: false, subject: null, roles: [] });

/** How long before its end a token is renewed, in milliseconds. */
const BEFORE = 60_000;

let renewal: ReturnType<typeof setTimeout> | undefined;

/** An answer said that a token is needed. */
export function requireLogin(): void {
  session.isNeeded = true;
}

/** Takes what `tokens` says of who is logged in. */
export function logIn(status: Status): void {
  session.subject = status.authenticated ? (status.subject ?? null) : null;
  session.roles = status.roles ?? [];
  if (!status.authenticated) return;
  session.isNeeded = false;
  renewBefore(status.expiresAt);
}

function renewBefore(expiresAt: string | null | undefined): void {
  clearTimeout(renewal);
  if (!expiresAt) return;
  const end = Date.parse(expiresAt);
  planRenewal(end, Math.max(end - Date.now() - BEFORE, 5_000), 0);
}

function planRenewal(end: number, wait: number, tries: number): void {
  const planned = setTimeout(() => void renew(), wait);
  renewal = planned;

  async function renew(): Promise<void> {
    const { status, expiresAt } = await ask();
    // Somebody has logged in meanwhile.
    if (renewal !== planned) return;
    if (status === 200) renewBefore(expiresAt);
    const next = pause(tries, null);
    // Else the next request that is refused asks for a login.
    const isWorthIt = new Problem(status, {}).isOutage && Date.now() + next < end;
    if (isWorthIt) planRenewal(end, next, tries + 1);
  }
}

/** Asks for another token; the status is 0 without an answer. */
async function ask(): Promise<{ status: number; expiresAt?: string }> {
  try {
    const answer = await fetch('/s/tokens/getJwt', { method: 'POST' });
    return answer.ok ? { ...(await answer.json()), status: 200 } : { status: answer.status };
  } catch {
    return { status: 0 };
  }
}
