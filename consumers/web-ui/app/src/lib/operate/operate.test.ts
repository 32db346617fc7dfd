import { describe, expect, it } from 'vitest';
import { compare, fieldsOf } from './fields';
import { after, aggregateOf, length } from './seen';

describe('fields', () => {
  it('are told with their paths, however deep', () => {
    const value = { name: 'Anna', lines: [{ value: '1.00' }], tags: [], note: null };
    expect(fieldsOf(value).map(({ path, text }) => `${path}=${text}`)).toEqual([
      'name=Anna',
      'lines.0.value=1.00',
      'tags=[]',
      'note=null',
    ]);
    expect(fieldsOf({})).toEqual([]);
    expect(fieldsOf(null)).toEqual([]);
  });

  it('are compared one by one, also with nothing', () => {
    const found = compare({ a: 1, b: 'x', gone: true }, { a: 1, b: 'y', fresh: [2] });
    expect(found.filter(({ isChanged }) => isChanged)).toEqual([
      { path: 'b', before: 'x', after: 'y', isChanged: true },
      { path: 'fresh.0', before: undefined, after: '2', isChanged: true },
      { path: 'gone', before: 'true', after: undefined, isChanged: true },
    ]);
    expect(compare(null, { a: 1 }).map(({ isChanged }) => isChanged)).toEqual([true]);
  });
});

describe('times', () => {
  it('are as exact as the log', () => {
    const first = '2026-11-29T11:59:02.113145Z';
    expect(after(first, '2026-11-29T11:59:02.117645Z')).toBe('+4.5 ms');
    expect(after(first, '2026-11-29T11:59:03.113145Z')).toBe('+1000 ms');
    expect(after('2026-11-29T11:59:02Z', '2026-11-29T11:59:02.5Z')).toBe('+500 ms');
    expect(length(-1)).toBe('0.0 ms');
    expect(length(12_000_000)).toBe('12 s');
  });
});

describe('topics', () => {
  it('are of an aggregate, or of none', () => {
    expect(aggregateOf('customer-classification.events')).toBe('customer-classification');
    expect(aggregateOf('order.commands')).toBe('order');
    expect(aggregateOf('command.results')).toBe(null);
    expect(aggregateOf(null)).toBe(null);
  });
});
