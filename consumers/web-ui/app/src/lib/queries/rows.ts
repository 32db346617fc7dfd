// Rows of lists, kept up to date one by one.

import type { Query, QueryClient } from '@tanstack/svelte-query';
import { asProblem } from '../api/problem';
import { refresh, type ListKind } from './list';
import { known, lists, mapRows, merged, shownBy, type Told } from './listed';
import { paced } from './paced';
import { settled } from './reading';

/** Rows that are read one by one; when more have changed at once, the list is read anew. */
const MOST_SINGLE = 12;

/** Changes within so many milliseconds are dealt with together, after the first one. */
const PAUSE = 250;

/** Changes that wait until somebody deals with them. */
interface Waiting {
  rows: Map<string, Told<unknown>>;
  ask: () => void;
}

const gathered = new WeakMap<QueryClient, Map<string, Waiting>>();

/** A row has changed, or is new. */
export function rowChanged<Row, Filter>(
  client: QueryClient,
  kind: ListKind<Row, Filter>,
  id: string,
  change: Omit<Told<Row>, 'mayLack'>,
): void {
  const { rows, ask } = waitingOf(client, kind);
  const told = { ...change, mayLack: true };
  rows.set(id, merged(rows.get(id), told));
  ask();
}

function waitingOf<Row, Filter>(client: QueryClient, kind: ListKind<Row, Filter>): Waiting {
  const all = gathered.get(client) ?? new Map<string, Waiting>();
  gathered.set(client, all);
  const name = kind.key.join('/');
  const before = all.get(name);
  if (before) return before;
  const rows = new Map<string, Told<unknown>>();
  const work = () => {
    const changes = new Map(rows) as Map<string, Told<Row>>;
    rows.clear();
    deal(client, kind, changes);
  };
  const waiting = { rows, ask: paced(PAUSE, work) };
  all.set(name, waiting);
  return waiting;
}

/** A row is gone. */
export function rowGone<Row, Filter>(
  client: QueryClient,
  kind: ListKind<Row, Filter>,
  id: string,
): void {
  overtake(kind, id);
  for (const query of lists(client, kind)) {
    remember(client, kind, query, [[id, { row: null, isNew: false, mayLack: false }]]);
    mapRows<Row>(query, (row) => (kind.id(row) === id ? null : row));
  }
}

function deal<Row, Filter>(
  client: QueryClient,
  kind: ListKind<Row, Filter>,
  rows: ReadonlyMap<string, Told<Row>>,
): void {
  const unread = new Set<string>();
  for (const query of lists(client, kind)) {
    // What is on its way is waited for: it may be older than the change.
    if (query.state.fetchStatus !== 'idle') remember(client, kind, query, rows);
    else look(client, kind, query, rows).forEach((id) => unread.add(id));
  }
  replace(client, kind, known(rows));
  readRows(client, kind, unread);
}

/** What a list does not have is looked for, by reading it anew; returns which rows are to be read. */
function look<Row, Filter>(
  client: QueryClient,
  kind: ListKind<Row, Filter>,
  query: Query,
  rows: ReadonlyMap<string, Told<Row>>,
): string[] {
  const filter = query.queryKey.at(-1) as Filter;
  const shown = shownBy(kind, query);
  if (!shown) return [];
  for (const [id, told] of rows) {
    const isMissed = !shown.has(id) && told.mayLack && mayFit(kind, told, filter);
    if (isMissed) refresh(client, query, told.isNew);
  }
  return [...rows].flatMap(([id, { row }]) => (shown.has(id) && row === undefined ? [id] : []));
}

function mayFit<Row, Filter>(
  kind: ListKind<Row, Filter>,
  { row, details }: Told<Row>,
  filter: Filter,
): boolean {
  if (row === undefined) return kind.mayFit?.(details, filter) ?? true;
  return row !== null && kind.fits(row, filter);
}

/** What has changed in a list while it was being read. */
const meanwhile = new WeakMap<Query, Map<string, Told<unknown>>>();

/** An answer on its way may be older than what is shown by now: then all is done once more. */
function remember<Row, Filter>(
  client: QueryClient,
  kind: ListKind<Row, Filter>,
  query: Query,
  changes: Iterable<readonly [string, Told<Row>]>,
): void {
  if (query.state.fetchStatus === 'idle') return;
  const before = meanwhile.get(query) as Map<string, Told<Row>> | undefined;
  const rows = before ?? new Map<string, Told<Row>>();
  for (const [id, told] of changes) rows.set(id, merged(rows.get(id), told));
  if (before) return;
  meanwhile.set(query, rows);
  void settled(client, query).then(() => {
    meanwhile.delete(query);
    again(client, kind, query, rows);
  });
}

/** Shows in a list what was told of while it was being read. */
function again<Row, Filter>(
  client: QueryClient,
  kind: ListKind<Row, Filter>,
  query: Query,
  rows: ReadonlyMap<string, Told<Row>>,
): void {
  const unread = look(client, kind, query, rows);
  const shown = shownBy(kind, query);
  const gone = new Set([...rows].flatMap(([id, { row }]) => (row === null ? [id] : [])));
  mapRows<Row>(query, (row) => (gone.has(kind.id(row)) ? null : row));
  const before = known(rows).filter((row) => shown?.has(kind.id(row)));
  put(client, kind, query, before);
  // The answer may just as well have been the newer one.
  readRows(client, kind, new Set([...unread, ...before.map(kind.id)]));
}

function readRows<Row, Filter>(
  client: QueryClient,
  kind: ListKind<Row, Filter>,
  ids: ReadonlySet<string>,
): void {
  if (kind.one && ids.size <= MOST_SINGLE) ids.forEach((id) => void readOne(client, kind, id));
  else refreshThose(client, kind, ids);
}

/** Reads anew the lists that show any of some rows. */
function refreshThose<Row, Filter>(
  client: QueryClient,
  kind: ListKind<Row, Filter>,
  ids: ReadonlySet<string>,
): void {
  for (const query of lists(client, kind)) {
    const shown = shownBy(kind, query) ?? new Set();
    if ([...ids].some((id) => shown.has(id))) refresh(client, query, true);
  }
}

/** The rows that are being read: whoever has news of one takes it out. */
const reading = new Map<string, symbol>();

const nameOf = ({ key }: { key: readonly string[] }, id: string) => [...key, id].join('/');

/** What is being read of a row is older than what is known by now. */
function overtake(kind: { key: readonly string[] }, id: string): void {
  reading.delete(nameOf(kind, id));
}

/** Reads a row and shows it as it is now; when that fails, its lists are read anew. */
async function readOne<Row, Filter>(
  client: QueryClient,
  kind: ListKind<Row, Filter>,
  id: string,
): Promise<void> {
  const name = nameOf(kind, id);
  const turn = Symbol(name);
  const isLast = () => reading.get(name) === turn;
  reading.set(name, turn);
  try {
    const row = await kind.one?.(id);
    if (row !== undefined && isLast()) replace(client, kind, [row]);
  } catch (error) {
    if (!isLast()) return;
    if (asProblem(error)?.status === 404) rowGone(client, kind, id);
    else refreshThose(client, kind, new Set([id]));
  } finally {
    if (isLast()) reading.delete(name);
  }
}

/** Shows rows as they are now, wherever they are listed. */
export function replace<Row, Filter>(
  client: QueryClient,
  kind: ListKind<Row, Filter>,
  rows: Row[],
): void {
  if (rows.length === 0) return;
  rows.forEach((row) => overtake(kind, kind.id(row)));
  const told = rows.map((row) => [kind.id(row), { row, isNew: false, mayLack: false }] as const);
  for (const query of lists(client, kind)) {
    remember(client, kind, query, told);
    put(client, kind, query, rows);
  }
}

/** Shows rows as they are now in a list that has them; it is read anew when they move in it. */
function put<Row, Filter>(
  client: QueryClient,
  kind: ListKind<Row, Filter>,
  query: Query,
  rows: readonly Row[],
): void {
  const filter = query.queryKey.at(-1) as Filter;
  const byId = new Map(rows.map((row) => [kind.id(row), row]));
  let hasMoved = false;
  mapRows<Row>(query, (before) => {
    const row = byId.get(kind.id(before));
    if (!row) return before;
    if (!kind.fits(row, filter)) return null;
    hasMoved ||= kind.place?.(row, filter) !== kind.place?.(before, filter);
    return row;
  });
  if (hasMoved) refresh(client, query, true);
}
