// Records as the service `operator` shows them, and how they are called.

export type Kind = 'command' | 'event' | 'outcome' | 'change' | 'effect' | 'unreadable';

/** What a kind of record has to say beyond its headers. */
interface Told {
  /** Of an outcome: the version after the command, or why it was refused. */
  version?: number;
  rejection?: string;
  /** Of a change: the row, in words. */
  what?: string;
  /** Why a record cannot be read. */
  reason?: string;
  /** Of an effect. */
  subject?: string;
  state?: string;
  attempts?: number;
  endedAt?: string | null;
  outcome?: string | null;
}

export interface Seen {
  kind: Kind;
  type: string;
  key: string;
  id: string;
  source: string;
  actor: string | null;
  sequence: number | null;
  time: string;
  /** Absent for what is in no topic. */
  topic: string | null;
  partition: number | null;
  offset: number | null;
  correlationId: string | null;
  causationId: string | null;
  schemaId: number | null;
  fields: unknown;
  told: Told | null;
}

/** Topics with events, commands and outcomes. */
export const TOPICS = [
  'customer.events',
  'order.events',
  'customer-classification.events',
  'campaign.events',
  'mailing.events',
  'customer.commands',
  'order.commands',
  'campaign.commands',
  'mailing.commands',
  'command.results',
] as const;

/** Names a record; its id does not, since the same command may be in the log several times. */
export function placeOf({ topic, partition, offset, source, type, id }: Seen): string {
  return topic === null ? `${source}/${type}/${id}` : `${topic}/${partition}/${offset}`;
}

/** Where a record is, for people. */
export function whereOf({ topic, partition, offset, source }: Seen): string {
  return topic === null ? `the ledger of ${source}` : `${topic}/${partition} @ ${offset}`;
}

/** What a record says, in few words. */
export function whatOf({ kind, type, key, sequence, told }: Seen): string {
  switch (kind) {
    case 'outcome':
      return told?.rejection ? `rejected: ${told.rejection}` : `accepted, version ${told?.version}`;
    case 'change':
      return told?.what ?? type;
    case 'effect': {
      const tries = (told?.attempts ?? 1) > 1 ? `, attempt ${told?.attempts}` : '';
      const outcome = told?.outcome ? `: ${told.outcome}` : '';
      return `${type} ${told?.subject ?? ''}, ${told?.state ?? ''}${tries}${outcome}`;
    }
    case 'unreadable':
      return `${type || 'a record'} that cannot be read: ${told?.reason ?? ''}`;
    default:
      return `${type} ${key}${sequence === null ? '' : ` #${sequence}`}`;
  }
}

/** Microseconds since 1970: times have more digits than a `Date` keeps. */
export function micros(time: string): number {
  const [, digits = ''] = /\.(\d+)/.exec(time) ?? [];
  const whole = Math.floor(Date.parse(time) / 1_000) * 1_000_000;
  return whole + Number(digits.slice(0, 6).padEnd(6, '0'));
}

/** How long after another moment one is, such as `+4.5 ms`. */
export function after(first: string, time: string): string {
  return `+${length(micros(time) - micros(first))}`;
}

/** A length of time, such as `4.5 ms`. */
export function length(micros: number): string {
  const millis = Math.max(0, micros) / 1_000;
  if (millis < 10) return `${millis.toFixed(1)} ms`;
  if (millis < 10_000) return `${Math.round(millis)} ms`;
  return `${Math.round(millis / 1_000)} s`;
}

/** The aggregate of a topic such as `order.events`; none of `command.results`. */
export function aggregateOf(topic: string | null): string | null {
  return /^(.+)\.(?:events|commands)$/.exec(topic ?? '')?.[1] ?? null;
}
