import { queryOptions } from '@tanstack/svelte-query';
import { ask } from './ask';
import { LOOK } from './poll';
import type { Seen } from './seen';

/** An event, and the aggregate after it; null when there is none. */
export interface Step {
  event: Seen;
  state: unknown;
}

/** What has changed within so many milliseconds may soon change again. */
const YOUNG = 10 * 60_000;

/** The life of an aggregate. */
export function timeline(aggregate: string, id: string) {
  return queryOptions({
    queryKey: ['operator', 'timeline', aggregate, id],
    queryFn: async ({ signal }) => {
      const path = `/v1/aggregates/${encodeURIComponent(aggregate)}/${encodeURIComponent(id)}`;
      return (await ask<{ steps: Step[] }>('operator', path, { signal })).steps;
    },
    staleTime: 0,
    // Each look reads a whole partition: what rests is left alone.
    refetchInterval: ({ state }) => {
      const newest = Date.parse(state.data?.at(-1)?.event.time ?? '');
      return Date.now() - newest < YOUNG ? 5 * LOOK : false;
    },
  });
}
