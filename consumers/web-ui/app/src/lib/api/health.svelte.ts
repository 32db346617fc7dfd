import { SvelteMap } from 'svelte/reactivity';
import type { Problem } from './problem';

/** A service that does not answer as it should. */
export interface Outage {
  /** Since when, in milliseconds since 1970. */
  since: number;
  /** When it was last seen so. */
  last: number;
  /** What it said. */
  problem: Problem;
}

/**
 * Whoever needs a service asks it again and again until it answers, at most ten seconds apart: what
 * was not seen for longer than this is asked by nobody, and says nothing any more.
 */
const STALE = 15_000;

/** Services that do not answer as they should, by name. */
const outages = new SvelteMap<string, Outage>();

/** Notes that a service failed for now. */
export function failing(service: string, problem: Problem): void {
  const now = Date.now();
  const since = outages.get(service)?.since ?? now;
  outages.set(service, { since, last: now, problem });
}

/** Notes that a service answered. */
export function answering(service: string): void {
  outages.delete(service);
}

/** Those that are down at a moment, the longest first. */
export function down(now: number): (Outage & { service: string })[] {
  return [...outages]
    .map(([service, outage]) => ({ service, ...outage }))
    .filter(({ last }) => now - last < STALE)
    .sort((a, b) => a.since - b.since);
}
