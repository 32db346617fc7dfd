import { QueryClient, QueryObserver } from '@tanstack/svelte-query';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Start } from '../api/start';
import { hearing } from './hearing';
import { follow } from './stream';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const nobody = { onOpen: () => undefined, onClosed: () => undefined };
const READY = { event: 'ready', data: '{}' };

/** A page that shows one thing, whose query waits as all do; and how often that was read. */
function page() {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } });
  const start = new Start();
  const read = vi.fn(() => new Promise<number>((go) => setTimeout(() => go(Date.now()), 50)));
  const queryFn = () => start.mayRead().then(read);
  new QueryObserver(client, { queryKey: ['it'], queryFn }).subscribe(() => undefined);
  return { follower: hearing(client, start, nobody), read };
}

describe('a page that opens', () => {
  it('reads once when changes are heard of at once', async () => {
    const { follower, read } = page();
    await vi.advanceTimersByTimeAsync(20);
    expect(read).toHaveBeenCalledTimes(0);
    follower.onOpen(false);
    follower.onEvent(READY);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(read).toHaveBeenCalledTimes(1);
  });

  it('reads again what it read before changes were heard of', async () => {
    const { follower, read } = page();
    follower.onClosed(502);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(read).toHaveBeenCalledTimes(1);
    follower.onOpen(false);
    follower.onEvent(READY);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(read).toHaveBeenCalledTimes(2);
  });

  it('waits for a moment only, and reads again what was on its way', async () => {
    const { follower, read } = page();
    await vi.advanceTimersByTimeAsync(160);
    expect(read).toHaveBeenCalledTimes(1);
    follower.onOpen(false);
    follower.onEvent(READY);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(read).toHaveBeenCalledTimes(2);
  });

  it('reads nothing again when the stream goes on where it stood', async () => {
    const { follower, read } = page();
    follower.onOpen(false);
    follower.onEvent(READY);
    await vi.advanceTimersByTimeAsync(1_000);
    follower.onClosed(0);
    follower.onOpen(true);
    follower.onEvent(READY);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(read).toHaveBeenCalledTimes(1);
  });
});

describe('a stream that is followed', () => {
  it('begins anew when it stood nowhere', async () => {
    const ids: (string | undefined)[] = [];
    const answers = [400, 200];
    vi.stubGlobal('fetch', (_: string, { headers }: { headers: Record<string, string> }) => {
      ids.push(headers['last-event-id']);
      const status = answers.shift() ?? 502;
      const body = 'event: ready\nid: 7\ndata: {}\n\n';
      return Promise.resolve(new Response(status === 200 ? body : null, { status }));
    });
    const opened: boolean[] = [];
    const stop = new AbortController();
    const never = new AbortController();
    const follower = {
      ...nobody,
      onOpen: (is: boolean) => opened.push(is),
      onEvent: () => undefined,
    };
    const gate = { open: () => Promise.resolve(), signal: () => never.signal };
    void follow('/', { last: '3' }, follower, stop.signal, gate);
    await vi.advanceTimersByTimeAsync(5_000);
    stop.abort();
    expect(ids.slice(0, 3)).toEqual(['3', undefined, '7']);
    expect(opened).toEqual([false]);
  });
});
