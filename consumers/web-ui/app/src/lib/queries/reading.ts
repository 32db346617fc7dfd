import type { Query, QueryClient } from '@tanstack/svelte-query';

/** Waits until nothing is being read for a query. */
export function settled(client: QueryClient, query: Query): Promise<void> {
  if (query.state.fetchStatus === 'idle') return Promise.resolve();
  return new Promise((resolve) => {
    const stop = client.getQueryCache().subscribe(({ type, query: of }) => {
      if (of !== query || (type !== 'removed' && query.state.fetchStatus !== 'idle')) return;
      stop();
      resolve();
    });
  });
}

const waiting = new WeakMap<Query, Promise<void>>();

/**
 * Reads a query anew, now or when somebody looks at it. An answer on its way may be older than what
 * was told; but to call it off each time would be to never see it while there are many changes.
 */
export function readAnew(client: QueryClient, query: Query): Promise<void> {
  const before = waiting.get(query);
  if (before) return before;
  const read = settled(client, query).then(() => {
    waiting.delete(query);
    return client.invalidateQueries({ queryKey: query.queryKey, exact: true });
  });
  waiting.set(query, read);
  return read;
}
