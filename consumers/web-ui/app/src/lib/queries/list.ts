// Lists in pages by cursor, kept up to date row by row.

import type { InfiniteData, Query, QueryClient } from '@tanstack/svelte-query';
import { SvelteSet } from 'svelte/reactivity';
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
  /** True for lists of the past, which does not change. */
  isFrozen?(filter: Filter): boolean;
}

export type Pages<Row> = InfiniteData<Page<Row>, string | undefined>;

/** Pages of a list that is read anew by itself; a longer one waits until somebody asks for it. */
const FEW = 3;

/** Rows that are read one by one; when more have changed at once, the list is read anew. */
const MOST_SINGLE = 12;

/** Changes within so many milliseconds are dealt with together. */
const GATHER = 300;

/** Hashes of the keys of long lists that are not up to date. */
export const outdated = new SvelteSet<string>();

/** Reads a list anew: soon, if it is short; else its reader is told, if there is more to see. */
function refresh(client: QueryClient, query: Query, hasMore: boolean): void {
  const { queryHash, queryKey } = query;
  const pages = (query.state.data as Pages<unknown> | undefined)?.pages.length ?? 0;
  if (pages <= FEW || !query.isActive()) soon(client, queryKey);
  else if (hasMore) outdated.add(queryHash);
}

/** Reads a whole list anew, from its beginning. */
export function restart(client: QueryClient, queryKey: readonly unknown[], hash: string): void {
  outdated.delete(hash);
  void client.resetQueries({ queryKey, exact: true });
}

/** Reads all lists of a kind anew. */
export function refreshAll(client: QueryClient, key: readonly string[]): void {
  client
    .getQueryCache()
    .findAll({ queryKey: key })
    .forEach((query) => refresh(client, query, true));
}

interface Told<Row> {
  row: Row | undefined;
  isNew: boolean;
}

const gathered = new Map<string, Map<string, Told<unknown>>>();

/** A row has changed, or is new; `row` is how it is now, when that is known. */
export function rowChanged<Row, Filter>(
  client: QueryClient,
  kind: ListKind<Row, Filter>,
  id: string,
  isNew: boolean,
  row?: Row,
): void {
  const name = kind.key.join('/');
  const waiting = gathered.get(name);
  if (waiting) {
    const before = waiting.get(id);
    waiting.set(id, { row, isNew: isNew || (before?.isNew ?? false) });
    return;
  }
  const rows = new Map<string, Told<Row>>([[id, { row, isNew }]]);
  gathered.set(name, rows as Map<string, Told<unknown>>);
  setTimeout(() => {
    gathered.delete(name);
    deal(client, kind, rows);
  }, GATHER);
}

/** A row is gone. */
export function rowGone<Row, Filter>(
  client: QueryClient,
  kind: ListKind<Row, Filter>,
  id: string,
): void {
  client.setQueriesData<Pages<Row>>(
    { queryKey: kind.key },
    (data) => data && mapRows(data, (row) => (kind.id(row) === id ? null : row)),
  );
}

function deal<Row, Filter>(
  client: QueryClient,
  kind: ListKind<Row, Filter>,
  rows: Map<string, Told<Row>>,
): void {
  const unread = new Set<string>();
  for (const query of client.getQueryCache().findAll({ queryKey: kind.key })) {
    const data = query.state.data as Pages<Row> | undefined;
    const filter = query.queryKey.at(-1) as Filter;
    if (!data || kind.isFrozen?.(filter)) continue;
    const shown = new Set(
      data.pages.flatMap(({ items }) => items.map(kind.id).filter((id) => rows.has(id))),
    );
    for (const [id, { row, isNew }] of rows) {
      if (shown.has(id)) {
        if (!row) unread.add(id);
      } else if (!row || kind.fits(row, filter)) {
        refresh(client, query, isNew);
      }
    }
  }
  const known = [...rows.values()].flatMap(({ row }) => (row ? [row] : []));
  if (known.length > 0) replace(client, kind, known);
  if (!kind.one || unread.size > MOST_SINGLE) {
    if (unread.size > 0) refreshAll(client, kind.key);
    return;
  }
  const { one } = kind;
  const read = [...unread].map((id) => one(id).catch(() => null));
  void Promise.all(read).then((found) =>
    replace(
      client,
      kind,
      found.filter((row) => row !== null),
    ),
  );
}

/** Shows rows as they are now, wherever they are listed. */
export function replace<Row, Filter>(
  client: QueryClient,
  kind: ListKind<Row, Filter>,
  rows: Row[],
): void {
  const byId = new Map(rows.map((row) => [kind.id(row), row]));
  for (const query of client.getQueryCache().findAll({ queryKey: kind.key })) {
    const filter = query.queryKey.at(-1) as Filter;
    if (kind.isFrozen?.(filter)) continue;
    const now = (row: Row) => byId.get(kind.id(row)) ?? row;
    client.setQueryData<Pages<Row>>(
      query.queryKey,
      (data) => data && mapRows(data, (row) => (kind.fits(now(row), filter) ? now(row) : null)),
    );
  }
}

/** Pages in which nothing changes stay the same objects. */
function mapRows<Row>(data: Pages<Row>, map: (row: Row) => Row | null): Pages<Row> {
  const pages = data.pages.map((page) => {
    if (page.items.every((row) => map(row) === row)) return page;
    return { ...page, items: page.items.map(map).filter((row) => row !== null) };
  });
  return { ...data, pages };
}
