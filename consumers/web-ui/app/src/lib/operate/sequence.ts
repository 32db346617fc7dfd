// What one request set off, as a sequence: who takes part, and which hops there were.

import { aggregateOf, micros, whatOf, type Seen } from './seen';

/** A record in the order of the tree. */
export interface Traced extends Seen {
  depth: number;
}

/** In the order in which they stand, from left to right. */
const GROUPS = ['client', 'api', 'commands', 'events', 'policy', 'consumer', 'outside'] as const;
export type Group = (typeof GROUPS)[number];

export interface Lifeline {
  id: string;
  group: Group;
  label: string;
  /** What else it is. */
  more: string;
}

export interface Hop {
  from: string;
  to: string;
  label: string;
  /** The record that it is known by. */
  seen: Traced;
  /** It goes before the record that it is known by: who wrote that has read another one. */
  isRead: boolean;
}

export interface Sequence {
  lifelines: Lifeline[];
  hops: Hop[];
  /** When the first record was made. */
  first: string;
}

const API = 'command-api';
/** Whoever has sent a command over HTTP. */
export const CLIENT = 'client';
const OUTSIDE = 'outside';

/** The record that caused each one; records come in the order of their tree. */
export function causes(records: readonly Traced[]): Map<Traced, Traced> {
  const found = new Map<Traced, Traced>();
  const path: Traced[] = [];
  for (const record of records) {
    path.length = Math.min(path.length, record.depth);
    const cause = path.at(-1);
    if (cause) found.set(record, cause);
    path.push(record);
  }
  return found;
}

/** In the order of time; nothing comes before what caused it, whatever the clocks say. */
function inTime(records: readonly Traced[], cause: Map<Traced, Traced>): Traced[] {
  const times = new Map<Traced, number>();
  for (const record of records) {
    const before = cause.get(record);
    times.set(record, Math.max(micros(record.time), (before && times.get(before)) ?? 0));
  }
  return records.toSorted((a, b) => (times.get(a) ?? 0) - (times.get(b) ?? 0));
}

/** Who takes part in what happened, and how it went. */
export function sequenceOf(records: readonly Traced[]): Sequence {
  const cause = causes(records);
  const policies = new Set(
    records.filter(({ kind, source }) => kind === 'command' && source !== API).map(sourceOf),
  );
  const lifelines = new Map<string, Lifeline>();
  const hops: Hop[] = [];
  /** Who has read which record already. */
  const read = new Map<Traced, Set<string>>();

  const at = (group: Group, id: string, label: string, more: string) => {
    if (!lifelines.has(id)) lifelines.set(id, { id, group, label, more });
    return id;
  };
  const topic = (record: Traced | undefined) => {
    const name = record?.topic ?? 'not kept any more';
    // Topics stand beside each other: what they are of says more than how they are called.
    const label = aggregateOf(name) ?? name;
    return name.endsWith('.commands')
      ? at('commands', name, label, 'command-processor')
      : at('events', name, label, record?.topic ? 'events' : '');
  };
  const service = (record: Traced) => {
    const { kind, source } = record;
    const isPolicy = policies.has(source) || kind === 'effect';
    return isPolicy
      ? at('policy', source, source, 'policy')
      : at('consumer', source, source, 'consumer');
  };
  const hop = (from: string, to: string, seen: Traced, label = whatOf(seen), isRead = false) =>
    hops.push({ from, to, label, seen, isRead });
  /** Somebody reads the record that caused another one: once, whatever they do because of it. */
  const reads = (who: string, record: Traced) => {
    const before = cause.get(record);
    if (!before || read.get(before)?.has(who)) return;
    read.set(before, (read.get(before) ?? new Set<string>()).add(who));
    hop(topic(before), who, record, whatOf(before), true);
  };

  for (const record of inTime(records, cause)) {
    const before = cause.get(record);
    switch (record.kind) {
      case 'command':
        if (record.source === API) {
          const client = at('client', CLIENT, 'HTTP client', record.actor ?? '');
          const api = at('api', API, API, 'service');
          hop(client, api, record, record.type, true);
          hop(api, topic(record), record);
        } else {
          const who = service(record);
          reads(who, record);
          hop(who, topic(record), record);
        }
        break;
      case 'outcome': {
        const decided = before ? topic(before) : topic(record);
        // Whoever has sent a command over HTTP waits for its outcome; policies do not.
        hop(decided, before?.source === API ? at('api', API, API, 'service') : decided, record);
        break;
      }
      case 'effect': {
        const who = service(record);
        reads(who, record);
        hop(who, at('outside', OUTSIDE, 'outside', 'of the system'), record);
        break;
      }
      case 'change': {
        const who = service(record);
        hop(before ? topic(before) : who, who, record);
        break;
      }
      default:
        if (before?.kind === 'command') {
          hop(topic(before), topic(record), record);
        } else {
          const who = service(record);
          reads(who, record);
          hop(who, topic(record), record);
        }
    }
  }
  const place = ({ group }: Lifeline) => GROUPS.indexOf(group);
  return {
    lifelines: [...lifelines.values()].sort((a, b) => place(a) - place(b)),
    hops,
    first: hops[0]?.seen.time ?? '',
  };
}

function sourceOf({ source }: Seen): string {
  return source;
}
