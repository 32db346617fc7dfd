import { QueryClient, QueryObserver } from '@tanstack/svelte-query';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ranking, summary } from '../queries/report';
import { apply } from './apply';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a change of a customer in the report', () => {
  it('has all be read anew that is made of it, but not the past', async () => {
    const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } });
    const read = vi.fn((key: unknown) => Promise.resolve(key));
    for (const asOf of [undefined, '2026-01-31']) {
      for (const { queryKey } of [ranking(asOf), summary(asOf, 50)]) {
        const queryFn = () => read(queryKey);
        new QueryObserver(client, { queryKey: [...queryKey], queryFn }).subscribe(() => undefined);
      }
    }
    await vi.advanceTimersByTimeAsync(100);
    read.mockClear();
    const of = { endpoint: 'customer-report', readModel: 'customers' };
    apply(client, { ...of, changeKind: 'updateRow', rowId: '1' });
    await vi.advanceTimersByTimeAsync(100);
    const now = [ranking(undefined).queryKey, summary(undefined, 50).queryKey];
    expect(new Set(read.mock.calls.map(([key]) => key))).toEqual(new Set(now));
    await vi.advanceTimersByTimeAsync(10_000);
    apply(client, { ...of, changeKind: 'all' });
    await vi.advanceTimersByTimeAsync(100);
    expect(read).toHaveBeenCalledTimes(2 + 4);
  });
});
