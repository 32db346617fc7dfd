// Rows of lists, kept up to date one by one.

import type { Query, QueryClient } from '@tanstack/svelte-query';
import { asProblem } from '../api/problem';
import { refresh, refreshAll, type ListKind, type Pages } from './list';

/** Rows that are read one by one; when more have changed at once, the list is read anew. */
const MOST_SINGLE = 12;

/** Changes within so many milliseconds are dealt with together. */
const GATHER = 300;

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
  for (const query of lists(client, kind)) {
    mapRows<Row>(query, (row) => (kind.id(row) === id ? null : row));
  }
}

function deal<Row, Filter>(
  client: QueryClient,
  kind: ListKind<Row, Filter>,
  rows: Map<string, Told<Row>>,
): void {
  const unread = new Set<string>();
  for (const query of lists(client, kind)) {
    const data = query.state.data as Pages<Row> | undefined;
    const filter = query.queryKey.at(-1) as Filter;
    if (!data) continue;
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
  unread.forEach((id) => void readOne(client, kind, id));
}

/** Reads a row and shows it as it is now; when that fails, its lists are read anew. */
async function readOne<Row, Filter>(
  client: QueryClient,
  kind: ListKind<Row, Filter>,
  id: string,
): Promise<void> {
  try {
    const row = await kind.one?.(id);
    if (row !== undefined) replace(client, kind, [row]);
  } catch (error) {
    if (asProblem(error)?.status === 404) rowGone(client, kind, id);
    else
      lists(client, kind)
        .filter(shows(kind, id))
        .forEach((query) => refresh(client, query, true));
  }
}

function shows<Row, Filter>(kind: ListKind<Row, Filter>, id: string): (query: Query) => boolean {
  return ({ state: { data } }) =>
    (data as Pages<Row> | undefined)?.pages.some(({ items }) =>
      items.some((row) => kind.id(row) === id),
    ) ?? false;
}

/** Shows rows as they are now, wherever they are listed. */
export function replace<Row, Filter>(
  client: QueryClient,
  kind: ListKind<Row, Filter>,
  rows: Row[],
): void {
  const byId = new Map(rows.map((row) => [kind.id(row), row]));
  for (const query of lists(client, kind)) {
    const filter = query.queryKey.at(-1) as Filter;
    mapRows<Row>(query, (before) => {
      const row = byId.get(kind.id(before));
      if (!row) return before;
      return kind.fits(row, filter) ? row : null;
    });
  }
}

/** The lists of a kind in which anything changes. */
function lists<Row, Filter>(client: QueryClient, kind: ListKind<Row, Filter>): Query[] {
  const all = client.getQueryCache().findAll({ queryKey: kind.key });
  return all.filter(({ queryKey }) => !kind.isFrozen?.(queryKey.at(-1) as Filter));
}

/**
 * Changes the rows of a list and nothing else about it: to `setQueryData` it would be as good as
 * read anew. Pages in which nothing changes stay the same objects.
 */
function mapRows<Row>(query: Query, map: (row: Row) => Row | null): void {
  const data = query.state.data as Pages<Row> | undefined;
  if (!data) return;
  const pages = data.pages.map((page) => {
    if (page.items.every((row) => map(row) === row)) return page;
    return { ...page, items: page.items.map(map).filter((row) => row !== null) };
  });
  if (pages.some((page, index) => page !== data.pages[index])) {
    query.setState({ data: { ...data, pages } });
  }
}
