import {
  createInfiniteQuery,
  hashKey,
  keepPreviousData,
  useQueryClient,
} from '@tanstack/svelte-query';
import { asProblem } from '../api/problem';
import { outdated, restart, type ListKind } from './list';

/** A list that grows as its reader scrolls. */
export function pagedList<Row, Filter>(kind: ListKind<Row, Filter>, filter: () => Filter) {
  const client = useQueryClient();
  const key = () => [...kind.key, filter()];
  const query = createInfiniteQuery(() => ({
    queryKey: key(),
    queryFn: ({ pageParam, signal }: { pageParam: string | undefined; signal: AbortSignal }) =>
      kind.page(filter(), pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: { next?: string | null }) => last.next ?? undefined,
    // To compare all rows of a long list would take longer than to show them.
    structuralSharing: false,
    // What was listed stays until the other rows are there.
    placeholderData: keepPreviousData,
  }));
  // There may be hundreds of pages.
  const rows = $derived(
    ([] as Row[]).concat(...(query.data?.pages ?? []).map(({ items }) => items)),
  );
  const hash = $derived(hashKey(key()));
  return {
    get query() {
      return query;
    },
    get rows() {
      return rows;
    },
    /** Names what is listed. */
    get hash() {
      return hash;
    },
    get hasMore() {
      return query.hasNextPage;
    },
    /** Others have changed what is listed, and it is too long to be read anew unasked. */
    get isOutdated() {
      return outdated.has(hash);
    },
    /** Why further rows could not be read; what passes by itself is no reason. */
    get problem() {
      return query.isFetchNextPageError ? asProblem(query.error)?.message : undefined;
    },
    /** Reads further rows; after a failure only when that `isAsked` for. */
    more(isAsked: boolean) {
      const mayRead = query.hasNextPage && !query.isFetchingNextPage;
      if (mayRead && (isAsked || !query.isFetchNextPageError)) void query.fetchNextPage();
    },
    restart() {
      restart(client, key());
    },
  };
}
