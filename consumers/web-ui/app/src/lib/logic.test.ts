import { describe, expect, it } from 'vitest';
import { differences } from './conflict';
import { parser } from './live/stream';
import { byMonth } from './movements';
import { pareto, revenueOf } from './pareto';

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
