import { queryOptions } from '@tanstack/svelte-query';
import { ask } from './ask';
import { LOOK } from './poll';
import type { Traced } from './sequence';

/** What is as young as this may go on to have effects, in milliseconds. */
const YOUNG = 30_000;

/** Each look reads all topics: it is not to be the load that somebody looks into. */
const EVERY = 2 * LOOK;

/** All that one request set off, in the order of who caused whom. */
export function causation(id: string) {
  return queryOptions({
    queryKey: ['operator', 'causation', id],
    queryFn: async ({ signal }) => {
      const path = `/v1/causation/${encodeURIComponent(id)}`;
      return (await ask<{ records: Traced[] }>('operator', path, { signal })).records;
    },
    staleTime: 0,
    refetchInterval: ({ state }) => {
      const newest = Math.max(...(state.data ?? []).map(({ time }) => Date.parse(time)));
      return Date.now() - newest < YOUNG ? EVERY : false;
    },
  });
}
