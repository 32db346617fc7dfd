import { describe, expect, it } from 'vitest';
import { concerns } from './attention';
import { grouped, matching, presence, type Message } from './catalogue';
import { compare, fieldsOf } from './fields';
import { notBelow, sorted, without } from './news';
import { after, aggregateOf, length } from './seen';
import { causes, sequenceOf, type Traced } from './sequence';

const record = (depth: number, over: Partial<Traced>): Traced => ({
  depth,
  kind: 'event',
  type: over.kind ?? 'event',
  key: 'o1',
  id: `${over.offset}`,
  source: 'command-processor',
  actor: null,
  sequence: null,
  time: `2026-11-29T11:59:02.00${over.offset}Z`,
  topic: 'order.events',
  partition: 0,
  offset: 0,
  correlationId: 'x',
  causationId: null,
  schemaId: null,
  fields: {},
  told: null,
  ...over,
});
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

describe('a sequence', () => {
  const commands = 'order.commands';
  const policy = { source: 'order-confirmation' };
  const records = [
    record(0, { kind: 'command', topic: commands, offset: 0, source: 'command-api', actor: 'me' }),
    record(1, { kind: 'outcome', topic: 'command.results', offset: 1, told: { version: 1 } }),
    record(1, { offset: 2 }),
    record(2, { kind: 'effect', topic: null, offset: 3, ...policy, told: { state: 'completed' } }),
    record(2, { kind: 'command', topic: commands, offset: 4, ...policy }),
    record(3, { kind: 'outcome', topic: 'command.results', offset: 6, told: { rejection: 'no' } }),
    record(2, { kind: 'change', topic: 'change-notifications', offset: 5, source: 'orders' }),
    record(0, { kind: 'unreadable', offset: 7, source: 'else', told: { reason: 'bad' } }),
  ];

  it('has a hop for every record, in the order of time', () => {
    const { hops, lifelines } = sequenceOf(records);
    expect(hops.map(({ from, to, isRead }) => `${from} ${isRead ? 'to' : '>'} ${to}`)).toEqual([
      'client to command-api',
      'command-api > order.commands',
      'order.commands > command-api',
      'order.commands > order.events',
      'order.events to order-confirmation',
      'order-confirmation > outside',
      'order-confirmation > order.commands',
      'order.events > orders',
      'order.commands > order.commands',
      'else > order.events',
    ]);
    expect(new Set(hops.map(({ seen }) => seen)).size).toBe(records.length);
    expect(lifelines.map(({ id }) => id)).toEqual([
      'client',
      'command-api',
      'order.commands',
      'order.events',
      'order-confirmation',
      'orders',
      'else',
      'outside',
    ]);
  });

  it('knows who caused whom, and puts nothing before its cause', () => {
    const cause = causes(records);
    expect(cause.get(records[5]!)).toBe(records[4]);
    expect(cause.get(records[6]!)).toBe(records[2]);
    expect(cause.get(records[7]!)).toBe(undefined);
    const early = [record(0, { offset: 5 }), record(1, { offset: 3, source: 'orders' })];
    expect(sequenceOf(early).hops.at(-1)?.seen).toBe(early[1]);
  });
});

describe('what needs attention', () => {
  const consumer = {
    name: 'orders',
    hasRun: true,
    paused: false,
    generation: 1,
    projectionVersion: 1,
    records: 0,
    seconds: 0,
    parked: 0,
    deadLetters: 0,
    builds: [],
    whyNoRebuild: null,
    partitions: [],
  };
  const well = {
    parts: [{ name: 'orders', kind: 'service' as const, wrong: null, millis: 3 }],
    consumers: [consumer],
    uncertain: [],
    pending: [],
    rule: { pending: 0, ruleVersion: '' },
    now: Date.parse('2026-11-29T12:00:00Z'),
  };

  it('is nothing when all is well', () => {
    expect(concerns(well)).toEqual([]);
  });

  it('leads to where something can be done, the worst first', () => {
    const late = { orderId: 'o', day: '', notedAt: '2026-11-29T11:00:00Z' };
    const fresh = { ...late, notedAt: '2026-11-29T11:59:30Z' };
    const found = concerns({
      ...well,
      parts: [{ name: 'Kafka', kind: 'server', wrong: 'no broker answers', millis: 2_000 }],
      consumers: [
        { ...consumer, name: 'a', seconds: 10.5 },
        { ...consumer, name: 'b', paused: true, seconds: 90, deadLetters: 2 },
      ],
      pending: [late, fresh],
      rule: { pending: 7, ruleVersion: '' },
    });
    expect(found.map(({ tone, text, href }) => [tone, text, href])).toEqual([
      ['bad', 'Kafka is down: no broker answers', '#health'],
      ['bad', 'b has 2 dead letters', '/consumers/b#dead-letters'],
      ['warn', 'a is 10.5 s behind', '/consumers/a'],
      ['warn', 'b is paused', '/consumers/b'],
      ['warn', '1 order waits for a rate of the ECB', '/consumers/order-valuation'],
      [
        'warn',
        'The rule of the classes was changed: 7 customers still to be counted anew',
        '/consumers/customer-classifier',
      ],
    ]);
  });
});

describe('new records', () => {
  const [a, b, c, d] = [1, 2, 3, 4].map((offset) => record(0, { offset })) as [
    Traced,
    Traced,
    Traced,
    Traced,
  ];

  it('are those that are not listed, and not older than all that is', () => {
    expect(without([d, c, b, a], [c, b])).toEqual([d, a]);
    expect(notBelow([d, a], [c, b])).toEqual([d]);
    expect(notBelow([d, a], [])).toEqual([d, a]);
    expect(sorted([a, d, b])).toEqual([d, b, a]);
  });
});

describe('the catalogue', () => {
  const message = (type: string, over: Partial<Message>): Message => ({
    type,
    record: '',
    subject: '',
    aggregate: 'order',
    kind: 'event',
    topic: 'order.events',
    key: '',
    doc: '',
    fields: [],
    versions: [],
    example: null,
    producers: [],
    consumers: [],
    ...over,
  });
  const email = {
    path: 'email',
    type: 'string',
    isOptional: true,
    isPersonal: true,
    doc: 'Where.',
  };
  const messages = [
    message('order_created', { doc: 'An order was placed.', consumers: ['orders'] }),
    message('create_order', { kind: 'command', topic: 'order.commands' }),
    message('customer_created', { aggregate: 'customer', fields: [{ ...email, default: 'null' }] }),
  ];
  const types = (found: readonly Message[]) => found.map(({ type }) => type);

  it('is searched for every word, wherever it is', () => {
    expect(types(matching(messages, ''))).toHaveLength(3);
    expect(types(matching(messages, ' PLACED order '))).toEqual(['order_created']);
    expect(types(matching(messages, 'email'))).toEqual(['customer_created']);
    expect(types(matching(messages, 'orders'))).toEqual(['order_created']);
    expect(types(matching(messages, 'email orders'))).toEqual([]);
  });

  it('is listed by aggregate, wishes first', () => {
    expect(grouped(messages).map(([name, own]) => [name, ...types(own)])).toEqual([
      ['customer', 'customer_created'],
      ['order', 'create_order', 'order_created'],
    ]);
  });

  it('says whether a field must be there', () => {
    expect(presence({ ...email, default: 'null' })).toBe('optional, default null');
    expect(presence({ ...email, isOptional: false })).toBe('required');
  });
});
