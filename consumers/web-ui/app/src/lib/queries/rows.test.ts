import { InfiniteQueryObserver, QueryClient, type Query } from '@tanstack/svelte-query';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Problem } from '../api/problem';
import type { ListKind, Page, Pages } from './list';
import { replace, rowChanged, rowGone } from './rows';

interface Row {
  id: string;
  size: number;
}

interface Filter {
  most?: number;
  sort?: 'size';
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A service with rows, a page with lists of them, and how often each was read. */
function scene(rows: Row[], slowness = 100) {
  const page = vi.fn((_: Filter, cursor: string | undefined): Promise<Page<Row>> => {
    const at = Number(cursor ?? 0);
    const next = at + 2 < rows.length ? { next: String(at + 2) } : {};
    // As it is when the question arrives; the answer takes its time.
    const answer = { items: rows.slice(at, at + 2).map((row) => ({ ...row })), ...next };
    return new Promise((go) => setTimeout(() => go(answer), slowness));
  });
  const one = vi.fn((id: string) => Promise.resolve(rows.find((row) => row.id === id)!));
  const kind: ListKind<Row, Filter> = {
    key: ['rows', crypto.randomUUID()],
    page,
    id: ({ id }) => id,
    one,
    place: ({ size }, { sort }) => sort && size,
    fits: ({ size }, { most }) => size <= (most ?? Infinity),
    mayFit: (details, filter) => !details || kind.fits(details as Row, filter),
  };
  const client = new QueryClient({
    defaultOptions: { queries: { staleTime: Infinity, structuralSharing: false, retry: false } },
  });
  const list = (filter: Filter = {}) => {
    const observer = new InfiniteQueryObserver<Page<Row>, Error, Pages<Row>, unknown[], string>(
      client,
      {
        queryKey: [...kind.key, filter],
        queryFn: ({ pageParam }) => page(filter, pageParam),
        initialPageParam: undefined as unknown as string,
        getNextPageParam: (last) => last.next ?? undefined,
      },
    );
    const leave = observer.subscribe(() => undefined);
    const query = observer.getCurrentQuery() as unknown as Query;
    const shown = () =>
      (query.state.data as Pages<Row> | undefined)?.pages.flatMap(({ items }) => items) ?? [];
    const sizes = () => Object.fromEntries(shown().map(({ id, size }) => [id, size]));
    return { leave, observer, query, shown, sizes };
  };
  return { client, kind, list, one, page, rows };
}

const some = (): Row[] => [
  { id: 'a', size: 1 },
  { id: 'b', size: 2 },
  { id: 'c', size: 3 },
];

const later = (milliseconds = 5_000) => vi.advanceTimersByTimeAsync(milliseconds);

describe('a row that is replaced', () => {
  it('leaves a list to be read anew that nobody looks at', async () => {
    const { client, kind, list } = scene(some());
    const { leave, query, sizes } = list();
    await later();
    leave();
    query.invalidate();
    replace(client, kind, [{ id: 'x', size: 9 }]);
    expect(query.state.isInvalidated).toBe(true);
    replace(client, kind, [{ id: 'a', size: 9 }]);
    expect(query.state.isInvalidated).toBe(true);
    expect(sizes()).toEqual({ a: 9, b: 2 });
  });

  it('is shown, and leaves other lists as they are', async () => {
    const { client, kind, list } = scene(some());
    const [first, second] = [list(), list({ most: 1 })];
    await later();
    const before = second.query.state.data;
    const seen = vi.fn();
    first.observer.subscribe(seen);
    replace(client, kind, [{ id: 'b', size: 7 }]);
    await later(10);
    expect(seen).toHaveBeenCalled();
    expect(first.observer.getCurrentResult().data?.pages[0]?.items[1]?.size).toBe(7);
    expect(second.query.state.data === before).toBe(false);
    expect(second.sizes()).toEqual({ a: 1 });
  });
});

describe('a row that cannot be read', () => {
  it('has its lists read anew', async () => {
    const { client, kind, list, one, rows } = scene(some());
    const { sizes } = list();
    await later();
    rows[1] = { id: 'b', size: 7 };
    one.mockRejectedValueOnce(new Problem(503, {}));
    rowChanged(client, kind, 'b', { isNew: false });
    await later();
    expect(sizes()).toEqual({ a: 1, b: 7 });
  });

  it('is gone when there is none', async () => {
    const { client, kind, list, one, page } = scene(some());
    const { sizes } = list();
    await later();
    one.mockRejectedValueOnce(new Problem(404, {}));
    rowChanged(client, kind, 'b', { isNew: false });
    await later();
    expect(sizes()).toEqual({ a: 1 });
    expect(page).toHaveBeenCalledTimes(1);
  });
});

describe('what changes while a list is being read', () => {
  it('is not taken back by the answer', async () => {
    const { client, kind, list, rows } = scene(some());
    const { observer, sizes } = list();
    await later();
    void observer.fetchNextPage();
    await later(50);
    rows[0] = { id: 'a', size: 7 };
    replace(client, kind, [{ id: 'a', size: 7 }]);
    expect(sizes()).toEqual({ a: 7, b: 2 });
    await later();
    expect(sizes()).toEqual({ a: 7, b: 2, c: 3 });
  });

  it('is seen after the first answer', async () => {
    const { client, kind, list, rows } = scene(some().slice(0, 1), 1_000);
    const { sizes } = list();
    await later(50);
    rows.push({ id: 'd', size: 4 });
    rows[0] = { id: 'a', size: 7 };
    rowChanged(client, kind, 'd', { isNew: true });
    rowChanged(client, kind, 'a', { isNew: false });
    await later();
    expect(sizes()).toEqual({ a: 7, d: 4 });
  });

  it('yields to an answer that is newer', async () => {
    const { client, kind, list, one, rows } = scene(some(), 1_000);
    const { query, sizes } = list();
    await later();
    rows[0] = { id: 'a', size: 8 };
    void query.fetch();
    rowChanged(client, kind, 'a', { row: { id: 'a', size: 7 }, isNew: false });
    await later();
    expect(one).toHaveBeenCalled();
    expect(sizes()).toEqual({ a: 8, b: 2 });
  });

  it('is not brought back when it is gone', async () => {
    const { client, kind, list, rows } = scene(some());
    const { query, sizes } = list();
    await later();
    void query.fetch();
    await later(50);
    rows.shift();
    rowGone(client, kind, 'a');
    await later();
    expect(sizes()).toEqual({ b: 2 });
  });

  it('is read of a row only when nothing newer is known', async () => {
    const { client, kind, list, one } = scene(some());
    const { sizes } = list();
    await later();
    one.mockImplementationOnce(
      () => new Promise((go) => setTimeout(() => go({ id: 'a', size: 2 }), 2_000)),
    );
    rowChanged(client, kind, 'a', { isNew: false });
    await later(1_000);
    rowChanged(client, kind, 'a', { row: { id: 'a', size: 9 }, isNew: false });
    await later();
    expect(sizes()).toEqual({ a: 9, b: 2 });
  });
});

describe('a change', () => {
  it('is seen at once, and a stream of them in time without being asked for all the time', async () => {
    const { client, kind, list, page, rows } = scene([]);
    const { shown } = list();
    await later();
    page.mockClear();
    rows.push({ id: 'new', size: 1 });
    rowChanged(client, kind, 'new', { isNew: true });
    await later(200);
    expect(shown().length).toBe(1);
    await later();
    page.mockClear();
    for (let at = 0; at < 10_000; at += 10) {
      rowChanged(client, kind, `other ${at}`, { isNew: true });
      await later(10);
    }
    expect(page.mock.calls.length).toBeGreaterThan(10_000 / 600);
    expect(page.mock.calls.length).toBeLessThan(10_000 / 350);
  });

  it('causes no reading of lists that have nothing to do with it', async () => {
    const { client, kind, list, page } = scene(some());
    list({ most: 2 });
    await later();
    page.mockClear();
    rowChanged(client, kind, 'x', { isNew: true, details: { size: 3 } });
    await later();
    expect(page).toHaveBeenCalledTimes(0);
    rowChanged(client, kind, 'x', { isNew: true, details: { size: 2 } });
    await later();
    expect(page).toHaveBeenCalledTimes(1);
  });

  it('of a list that is slow is seen although more of them come', async () => {
    const { client, kind, list, rows } = scene([], 3_000);
    const { shown } = list();
    await later();
    for (let at = 0; at < 10_000; at += 100) {
      rows[0] = { id: 'new', size: at };
      rowChanged(client, kind, `other ${at}`, { isNew: true });
      await later(100);
    }
    expect(shown().length).toBe(1);
  });
});

describe('a row in a list that is sorted', () => {
  it('moves when what it is sorted by has changed', async () => {
    const { client, kind, list, rows, page } = scene(some());
    const { shown } = list({ sort: 'size' });
    await later();
    page.mockClear();
    rows.push({ id: 'a', size: 4 });
    rows.shift();
    replace(client, kind, [{ id: 'a', size: 4 }]);
    await later();
    expect(shown().map(({ id }) => id)).toEqual(['b', 'c']);
    replace(client, kind, [{ id: 'b', size: 2 }]);
    await later();
    expect(page).toHaveBeenCalledTimes(1);
  });
});
