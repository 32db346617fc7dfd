import { hashKey, type QueryClient } from '@tanstack/svelte-query';

/** Many changes in a moment cause one query; a stream of changes one in so many milliseconds. */
const GATHER = 300;
const PAUSE = 1_500;

const asked = new Map<string, number>();
const planned = new Set<string>();

/** Has the queries whose keys begin so asked anew, soon but not all the time. */
export function soon(client: QueryClient, queryKey: readonly unknown[]): void {
  const hash = hashKey(queryKey);
  if (planned.has(hash)) return;
  planned.add(hash);
  const wait = (asked.get(hash) ?? 0) + PAUSE - Date.now();
  setTimeout(
    () => {
      planned.delete(hash);
      asked.set(hash, Date.now());
      void client.invalidateQueries({ queryKey });
    },
    Math.max(wait, GATHER),
  );
}
