import { describe, expect, it } from 'vitest';
import { differences } from './conflict';
import { parser } from './live/stream';
import { byMonth } from './movements';
import { pareto, revenueOf } from './pareto';
import { Selection } from './selection.svelte';
import { rowsInSight } from './virtual.svelte';

describe('a conflict', () => {
  it('is contested only where both have changed something', () => {
    const was = { name: 'Anna', location: 'Kiel', email: '' };
    const theirs = { name: 'Anna B.', location: 'Bern', email: '' };
    const mine = { name: 'Anna C.', location: 'Kiel', email: 'a@b.c' };
    const found = differences(was, theirs, mine);
    expect(found.map(({ field, isContested, taken }) => [field, isContested, taken])).toEqual([
      ['name', true, 'mine'],
      ['location', false, 'theirs'],
      ['email', false, 'mine'],
    ]);
    expect(differences(was, theirs, theirs)).toEqual([]);
  });
});

describe('a stream of events', () => {
  it('is read in any pieces', () => {
    const text =
      'retry: 2000\nevent: ready\nid: 1\ndata: {}\n\n:\nid: 2\n\nevent: change\ndata: a\ndata: b\n\n';
    for (const size of [1, 3, 7, 1_000]) {
      const events: unknown[] = [];
      const ids: string[] = [];
      const take = parser(
        (event) => events.push(event),
        (id) => ids.push(id),
      );
      for (let at = 0; at < text.length; at += size) take(text.slice(at, at + size));
      expect(events).toEqual([
        { event: 'ready', data: '{}' },
        { event: 'change', data: 'a\nb' },
      ]);
      expect(ids).toEqual(['1', '2']);
    }
  });
});

describe('the Pareto line', () => {
  it('rises with the revenues, and straight behind those that are known', () => {
    const line = pareto(['60.00', '20.00'], 4, '100.00');
    expect(line).toEqual({ customers: [0, 25, 50, 100], revenue: [0, 60, 80, 100] });
    expect(revenueOf(line, 75)).toBe(90);
    expect(revenueOf(line, 0)).toBe(0);
    expect(pareto([], 0, '0.00')).toEqual({ customers: [0], revenue: [0] });
  });
});

describe('movements', () => {
  it('are summed up month by month, the newest first', () => {
    const months = byMonth([
      { month: '2026-04', from: null, to: 'C', changes: 7 },
      { month: '2026-05', from: 'C', to: 'B', changes: 2 },
      { month: '2026-05', from: 'A', to: 'B', changes: 1 },
    ]);
    expect(months.map(({ month, fresh, up, down }) => [month, fresh, up, down])).toEqual([
      ['2026-05', 0, 2, 1],
      ['2026-04', 7, 0, 0],
    ]);
  });
});

describe('the rows in sight', () => {
  const of = (top: number, count: number) => rowsInSight(top, 600, { count, size: 30 });

  it('are few of very many', () => {
    expect(of(0, 100_000)).toEqual([0, 26]);
    expect(of(1_500_010, 100_000)).toEqual([49_994, 50_027]);
    expect(of(3_000_000 - 600, 100_000)).toEqual([99_974, 100_000]);
  });

  it('are there when rows have gone', () => {
    expect(of(3_000_000 - 600, 50)).toEqual([24, 50]);
    expect(of(900, 3)).toEqual([0, 3]);
    expect(of(900, 0)).toEqual([0, 0]);
  });
});

describe('a selection', () => {
  const ids = Array.from({ length: 1_000 }, (_, n) => String(n));

  it('is of single rows, ranges, and all', () => {
    const selection = new Selection();
    selection.toggle(ids, 10, false);
    selection.toggle(ids, 13, true);
    expect(ids.filter((id) => selection.has(id))).toEqual(['10', '11', '12', '13']);
    selection.toggle(ids, 11, false);
    expect(selection.size).toBe(3);
    selection.toggleAll(ids);
    expect(selection.hasAll(ids)).toBe(true);
    selection.keep((id) => id !== '7');
    expect([selection.hasAll(ids), selection.size]).toEqual([false, 999]);
    selection.toggleAll(ids.filter((id) => id !== '7'));
    expect(selection.size).toBe(0);
  });
});
