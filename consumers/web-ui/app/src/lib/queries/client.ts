import { QueryClient } from '@tanstack/svelte-query';
import { asProblem, pause } from '../api/problem';
import { forgetOutdated } from './list';

/** How long what nobody looks at is kept, in milliseconds. */
const KEPT = 5 * 60_000;

/**
 * What was read stays good until a change is told. A service that is away is asked until it is back:
 * pages recover by themselves.
 */
export function queryClient(): QueryClient {
  const client = new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: Infinity,
        gcTime: KEPT,
        networkMode: 'always',
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        retry: (_, error) => asProblem(error)?.isTemporary ?? false,
        retryDelay: (tries, error) => pause(tries, asProblem(error)),
      },
    },
  });
  forgetOutdated(client);
  return client;
}
