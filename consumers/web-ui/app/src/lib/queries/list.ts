// Lists in pages by cursor, and how they are read anew.

import type { InfiniteData, Query, QueryClient } from '@tanstack/svelte-query';
import { SvelteSet } from 'svelte/reactivity';
import { readAnew } from './reading';
import { soon } from './soon';

export interface Page<Row> {
  items: Row[];
  next?: string | null;
}

/** What is to be known of a list. */
export interface ListKind<Row, Filter> {
  /** How its query keys begin; they end with the filter. */
  key: readonly string[];
  page(filter: Filter, cursor: string | undefined, signal: AbortSignal): Promise<Page<Row>>;
  id(row: Row): string;
  /** Reads one row; without it a list is read anew when a row has changed. */
  one?(id: string): Promise<Row>;
  /** Whether a row belongs to what is listed, as far as that can be said here. */
  fits(row: Row, filter: Filter): boolean;
  /** Whether it may, by what a change tells of it in a form of its own. */
  mayFit?(details: unknown, filter: Filter): boolean;
  /** What places a row in a list; without it rows stay where they are. */
  place?(row: Row, filter: Filter): unknown;
  /** True for lists of the past, which does not change. */
  isFrozen?(filter: Filter): boolean;
}

export type Pages<Row> = InfiniteData<Page<Row>, string | undefined>;

/** Pages of a list that is read anew by itself; a longer one waits until somebody asks for it. */
const FEW = 3;

/** Hashes of the keys of long lists that are not up to date. */
export const outdated = new SvelteSet<string>();

/** Whether so much of a list was read that it is not read anew unasked. */
function isLong({ state: { data } }: Query): boolean {
  return ((data as Partial<Pages<unknown>> | undefined)?.pages?.length ?? 0) > FEW;
}

/** Reads a list anew: soon, if it is short; else its reader is told, if there is more to see. */
export function refresh(client: QueryClient, query: Query, hasMore: boolean): void {
  if (!isLong(query)) soon(client, query.queryKey, { exact: true });
  else if (hasMore) setAside(client, query);
}

/** A long list that nobody sees is forgotten: to read all of its pages anew may take minutes. */
function setAside(client: QueryClient, query: Query): void {
  if (query.isActive()) outdated.add(query.queryHash);
  else client.getQueryCache().remove(query);
}

/** Reads everything anew, as far as that is not too much. */
export function refreshEverything(client: QueryClient): void {
  for (const query of client.getQueryCache().getAll()) {
    if (isLong(query)) setAside(client, query);
    else void readAnew(client, query);
  }
}

/** Lists that are read from their beginning, or forgotten, are up to date whenever they come back. */
export function forgetOutdated(client: QueryClient): void {
  client.getQueryCache().subscribe(({ type, query }) => {
    if (type === 'removed' || query.state.data === undefined) outdated.delete(query.queryHash);
  });
}

/** Reads a whole list anew, from its beginning. */
export function restart(client: QueryClient, queryKey: readonly unknown[]): void {
  void client.resetQueries({ queryKey, exact: true });
}

/** Reads all lists of a kind anew. */
export function refreshAll(client: QueryClient, key: readonly string[]): void {
  client
    .getQueryCache()
    .findAll({ queryKey: key })
    .forEach((query) => refresh(client, query, true));
}
