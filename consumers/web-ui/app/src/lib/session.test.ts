import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { logIn } from './session.svelte';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const MINUTE = 60_000;
const later = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);
const inMinutes = (minutes: number) => new Date(Date.now() + minutes * MINUTE).toISOString();

/** Answers to requests for another token, the last one for all that come after it. */
function answers(...those: (() => Promise<Response>)[]) {
  const fetched = vi.fn(() => (those.length > 1 ? those.shift()! : those[0]!)());
  vi.stubGlobal('fetch', fetched);
  logIn({ authenticated: true, subject: 'anna', expiresAt: inMinutes(15) });
  return fetched;
}

const away = () => Promise.reject(new TypeError());
const failed = () => Promise.resolve(new Response(null, { status: 502 }));
const renewed = () => Promise.resolve(Response.json({ expiresAt: inMinutes(15) }));

describe('a login', () => {
  it('is renewed before its end, however often that fails at first', async () => {
    const fetched = answers(away, failed, renewed);
    await later(14 * MINUTE - 1);
    expect(fetched).toHaveBeenCalledTimes(0);
    await later(10_000);
    expect(fetched).toHaveBeenCalledTimes(3);
    await later(14 * MINUTE);
    expect(fetched).toHaveBeenCalledTimes(4);
  });

  it('is given up at its end', async () => {
    const fetched = answers(away);
    await later(15 * MINUTE);
    const tries = fetched.mock.calls.length;
    expect(tries).toBeGreaterThan(5);
    expect(tries).toBeLessThan(15);
    await later(60 * MINUTE);
    expect(fetched).toHaveBeenCalledTimes(tries);
  });

  it('is given up when that is refused', async () => {
    const fetched = answers(() => Promise.resolve(new Response(null, { status: 401 })));
    await later(60 * MINUTE);
    expect(fetched).toHaveBeenCalledTimes(1);
  });
});
