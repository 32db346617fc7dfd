import type { QueryClient } from '@tanstack/svelte-query';
import { asProblem } from '../api/problem';

/** Something that is looked at, but could not be read. */
export interface Failure {
  since: number;
  text: string;
}

/** What is looked at, could not be read, and is not being read either. */
export function failures(client: QueryClient): Failure[] {
  const active = client.getQueryCache().findAll({ type: 'active' });
  return active.flatMap(({ queryKey, state: { error, errorUpdatedAt, fetchStatus } }) => {
    const problem = error && asProblem(error);
    if (!problem?.isOutage || fetchStatus !== 'idle') return [];
    // Keys begin with the service that is asked.
    return [{ since: errorUpdatedAt, text: `${String(queryKey[0])}: ${problem.message}` }];
  });
}
