// What cached lists have, and what is told of their rows.

import type { Query, QueryClient } from '@tanstack/svelte-query';
import type { ListKind, Pages } from './list';

/** What was told of a row. */
export interface Told<Row> {
  /** How it is now; undefined when that is not known, null when it is gone. */
  row?: Row | null | undefined;
  isNew: boolean;
  /** What the change told of it in a form of its own. */
  details?: unknown;
  /** Where it belongs, but is not listed, the list is to be read anew. */
  mayLack: boolean;
}

/** Of a row that was told of twice the last is so, except that it has been new. */
export function merged<Row>(before: Told<Row> | undefined, now: Told<Row>): Told<Row> {
  if (!before) return now;
  const { isNew, mayLack } = before;
  return { ...now, isNew: now.isNew || isNew, mayLack: now.mayLack || mayLack };
}

/** The ids of what a list shows; undefined before anything was read. */
export function shownBy<Row>({ id }: Pick<ListKind<Row, never>, 'id'>, query: Query) {
  const data = query.state.data as Pages<Row> | undefined;
  return data && new Set(data.pages.flatMap(({ items }) => items.map(id)));
}

export function known<Row>(rows: ReadonlyMap<string, Told<Row>>): Row[] {
  return [...rows.values()].flatMap(({ row }) => row ?? []);
}

/** The lists of a kind in which anything changes. */
export function lists<Row, Filter>(client: QueryClient, kind: ListKind<Row, Filter>): Query[] {
  const all = client.getQueryCache().findAll({ queryKey: kind.key });
  return all.filter(({ queryKey }) => !kind.isFrozen?.(queryKey.at(-1) as Filter));
}

/**
 * Changes the rows of a list and nothing else about it: to `setQueryData` it would be as good as
 * read anew. Pages in which nothing changes stay the same objects.
 */
export function mapRows<Row>(query: Query, map: (row: Row) => Row | null): void {
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
