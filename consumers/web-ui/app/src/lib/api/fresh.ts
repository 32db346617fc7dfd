// Read your own write: for some seconds after a command, queries carry its token, and so wait until
// their read model has applied it. A read model that has shown a token once has it for good.

/** How long queries wait for a command that they do not need themselves, in milliseconds. */
const LIFE = 20_000;

interface Held {
  token: string;
  until: number;
  /** The services whose read models have shown it. */
  seenBy: Set<string>;
}

let held: Held[] = [];

/** Has the queries to come see what a command did. */
export function hold(token: string): void {
  held.push({ token, until: Date.now() + LIFE, seenBy: new Set() });
}

/** The tokens that a query of this service has to carry. */
export function wanted(service: string): string[] {
  const now = Date.now();
  held = held.filter(({ until }) => until > now);
  return held.filter(({ seenBy }) => !seenBy.has(service)).map(({ token }) => token);
}

/** A query with these tokens was answered. */
export function seen(service: string, tokens: readonly string[]): void {
  for (const one of held) {
    if (tokens.includes(one.token)) one.seenBy.add(service);
  }
}
