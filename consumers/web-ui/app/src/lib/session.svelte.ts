// Who is logged in. The cookie of the service `tokens` does the rest; installations that let
// everybody do everything have nobody logged in, and nobody sees any of this.

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

function renewBefore(end: string | null | undefined): void {
  clearTimeout(renewal);
  if (!end) return;
  const wait = Math.max(Date.parse(end) - Date.now() - BEFORE, 5_000);
  renewal = setTimeout(() => void renew(), wait);
}

async function renew(): Promise<void> {
  const answer = await fetch('/s/tokens/getJwt', { method: 'POST' }).catch(() => null);
  // Away: the next request that is refused asks for a login.
  if (!answer?.ok) return;
  const { expiresAt } = (await answer.json()) as { expiresAt?: string };
  renewBefore(expiresAt);
}
