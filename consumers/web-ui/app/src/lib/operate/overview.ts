import { queryOptions } from '@tanstack/svelte-query';
import { ask } from './ask';
import { LOOK } from './poll';
import { looksAt, note } from './series';

/** A server or a process, and what is wrong with it. */
export interface HealthPart {
  name: string;
  kind: 'server' | 'service';
  wrong: string | null;
  millis: number;
}

/** Whether the parts of the installation work. */
export function health() {
  return queryOptions({
    queryKey: ['operator', 'health'],
    queryFn: async ({ signal }) =>
      (await ask<{ parts: HealthPart[] }>('operator', '/v1/health', { signal })).parts,
    staleTime: 0,
    refetchInterval: 2 * LOOK,
  });
}

const COMMANDS = 'topics of commands';

/** How many commands there have been. */
export function commandCount() {
  return queryOptions({
    queryKey: ['operator', 'topics'],
    queryFn: async ({ signal }) => {
      interface Topics {
        topics: { name: string; end: number }[];
        time: string;
      }
      const { topics, time } = await ask<Topics>('operator', '/v1/topics', { signal });
      const ends = topics.filter(({ name }) => name.endsWith('.commands'));
      const position = ends.reduce((sum, { end }) => sum + end, 0);
      note(COMMANDS, { at: Date.parse(time), position, records: 0, seconds: 0 });
      return position;
    },
    staleTime: 0,
    refetchInterval: LOOK,
  });
}

/** Commands in a minute, from each look to the next; empty after only one. */
export function commandRates(): number[] {
  const looks = looksAt(COMMANDS);
  return looks.slice(1).map(({ at, position }, index) => {
    const before = looks[index];
    if (!before) return 0;
    return Math.max(0, ((position - before.position) * 60_000) / (at - before.at));
  });
}

export interface Valued {
  orderId: string;
  day: string;
  notedAt: string;
}

/** Most orders without a rate that are counted. */
export const MOST_PENDING = 500;

/** Orders whose value in USD is not known: they wait for a rate. */
export function pendingValuations() {
  return queryOptions({
    queryKey: ['order-valuation', 'pending'],
    queryFn: async ({ signal }) => {
      const query = { state: 'pending', limit: MOST_PENDING };
      const path = '/v1/valuations';
      return (await ask<{ items: Valued[] }>('order-valuation', path, { query, signal })).items;
    },
    staleTime: 0,
    refetchInterval: 5 * LOOK,
  });
}
