import { QueryClient, QueryObserver } from '@tanstack/svelte-query';
import { describe, expect, it, vi } from 'vitest';
import { Problem } from '../api/problem';
import { failures } from './failed';
import { lookOf, type Asking } from './look';

const look = (asking: Partial<Asking>) =>
  lookOf({ data: undefined, error: null, failureReason: null, isPlaceholderData: false, ...asking })
    .look;

const away = new Problem(503, {});
const wrong = new Problem(500, {});

describe('what is shown of a question', () => {
  it('is its answer, marked as soon as it cannot be read anew', () => {
    expect(look({ data: 1 })).toBe('shown');
    expect(look({ data: 1, failureReason: away })).toBe('old');
    expect(look({ data: 1, error: wrong, failureReason: wrong })).toBe('old');
    expect(look({ data: 1, failureReason: new DOMException('', 'AbortError') })).toBe('shown');
  });

  it('is the answer before, marked, until it fails', () => {
    const former = { data: 1, isPlaceholderData: true };
    expect(look(former)).toBe('former');
    expect(look({ ...former, failureReason: away })).toBe('waiting');
    expect(look({ ...former, error: wrong })).toBe('failed');
  });

  it('is why there is no answer', () => {
    expect(look({})).toBe('reading');
    expect(look({ failureReason: away })).toBe('waiting');
    expect(look({ error: wrong, failureReason: wrong })).toBe('failed');
  });

  it('is nothing else where the asker marks old data', () => {
    expect(lookOf({ data: 1, error: null, failureReason: away }).look).toBe('shown');
  });
});

describe('what could not be read', () => {
  it('is told as long as somebody looks at it', async () => {
    const client = new QueryClient();
    const asked = (service: string, error: Problem) => {
      const queryFn = () => Promise.reject(error);
      const options = { queryKey: [service, 'it'], queryFn, retry: false };
      return new QueryObserver<unknown, Problem>(client, options).subscribe(() => undefined);
    };
    const leave = asked('orders', wrong);
    asked('customers', new Problem(404, {}));
    await vi.waitFor(() => expect(client.isFetching()).toBe(0));
    const texts = () => failures(client).map(({ text }) => text);
    expect(texts()).toEqual(['orders: the answer was 500']);
    leave();
    expect(texts()).toEqual([]);
  });

  it('says how the service does unless it is for what was asked', () => {
    const outages = [0, 429, 500, 501, 503].map((status) => new Problem(status, {}).isOutage);
    expect(new Set(outages)).toEqual(new Set([true]));
    expect(new Problem(409, {}).isOutage).toBe(false);
  });
});
