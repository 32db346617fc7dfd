import { hashKey, type QueryClient } from '@tanstack/svelte-query';
import { paced } from './paced';
import { readAnew } from './reading';

/** A stream of changes causes one query in so many milliseconds. */
const PAUSE = 400;

interface Options {
  /** This query alone, and not all whose keys begin so. */
  exact?: boolean;
  /** A longer pause, for what is much to read. */
  pause?: number;
}

const asking = new WeakMap<QueryClient, Map<string, () => void>>();

/** Has the queries whose keys begin so asked anew: at once, but not all the time. */
export function soon(
  client: QueryClient,
  queryKey: readonly unknown[],
  { exact = false, pause = PAUSE }: Options = {},
): void {
  const all = asking.get(client) ?? new Map<string, () => void>();
  asking.set(client, all);
  const hash = hashKey([queryKey, exact]);
  const read = () => {
    const queries = client.getQueryCache().findAll({ queryKey, exact });
    return Promise.all(queries.map((query) => readAnew(client, query)));
  };
  const ask = all.get(hash) ?? paced(pause, read, () => all.delete(hash));
  all.set(hash, ask);
  ask();
}
