import { InfiniteQueryObserver, QueryObserver, hashKey } from '@tanstack/svelte-query';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { queryClient } from './client';
import { outdated, refreshEverything, restart } from './list';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const later = () => vi.advanceTimersByTimeAsync(1_000);

/** A list of which so many pages were read, and how often a page of it was. */
async function list(client: ReturnType<typeof queryClient>, name: string, pages: number) {
  const read = vi.fn((at: number) => Promise.resolve({ items: [at], next: String(at + 1) }));
  const observer = new InfiniteQueryObserver(client, {
    queryKey: [name],
    queryFn: ({ pageParam }) => read(pageParam),
    initialPageParam: 0,
    getNextPageParam: ({ next }) => Number(next),
  });
  const leave = observer.subscribe(() => undefined);
  await later();
  for (let page = 1; page < pages; page++) await observer.fetchNextPage();
  read.mockClear();
  return { leave, read };
}

describe('when anything may have changed', () => {
  it('is read anew, but the reader of a long list is asked', async () => {
    const client = queryClient();
    const queryFn = vi.fn(() => Promise.resolve(1));
    new QueryObserver(client, { queryKey: ['one'], queryFn }).subscribe(() => undefined);
    const short = await list(client, 'short', 3);
    const long = await list(client, 'long', 100);
    const left = await list(client, 'left', 100);
    left.leave();
    refreshEverything(client);
    await later();
    expect(queryFn).toHaveBeenCalledTimes(2);
    expect(short.read).toHaveBeenCalledTimes(3);
    expect(long.read).toHaveBeenCalledTimes(0);
    expect(outdated.has(hashKey(['long']))).toBe(true);
    expect(client.getQueryData(['left'])).toBe(undefined);
    restart(client, ['long']);
    await later();
    expect(long.read).toHaveBeenCalledTimes(1);
    expect(outdated.size).toBe(0);
  });
});
