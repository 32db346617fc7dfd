// What every message says: made of the schemas, together with `docs/events`.

import { queryOptions } from '@tanstack/svelte-query';

export const KINDS = ['command', 'event', 'state', 'outcome', 'notification'] as const;
export type MessageKind = (typeof KINDS)[number];

export interface MessageField {
  path: string;
  type: string;
  isOptional: boolean;
  /** As JSON. */
  default?: string;
  isPersonal: boolean;
  doc: string;
}

/** What became of a field; the path of the message itself is empty. */
export interface Change {
  path: string;
  before?: string;
  after?: string;
}

export interface Message {
  type: string;
  record: string;
  subject: string;
  aggregate: string;
  kind: MessageKind;
  topic: string;
  key: string;
  doc: string;
  fields: MessageField[];
  /** The present one first. */
  versions: { number: number; changes: Change[] }[];
  example: unknown;
  producers: string[];
  consumers: string[];
}

export interface Catalogue {
  messages: Message[];
  services: { name: string; about: string }[];
  topics: { name: string; holds: string; partitions: number }[];
}

/** All of it; a file of its own, which only its readers load. */
export function catalogue() {
  return queryOptions({
    queryKey: ['catalogue'],
    queryFn: async () => (await import('./catalogue.json')).default as unknown as Catalogue,
  });
}

/** The messages that have every word somewhere. */
export function matching(messages: readonly Message[], text: string): Message[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return messages.filter((message) => {
    const { type, record, topic, doc, fields, producers, consumers } = message;
    const said = fields.flatMap((field) => [field.path, field.type, field.doc]);
    const all = [type, record, topic, doc, ...said, ...producers, ...consumers];
    const told = all.join('\n').toLowerCase();
    return words.every((word) => told.includes(word));
  });
}

/** By aggregate, each in the order in which people read of them. */
export function grouped(messages: readonly Message[]): [string, Message[]][] {
  const names = [...new Set(messages.map(({ aggregate }) => aggregate))].sort();
  return names.map((name) => {
    const own = messages.filter(({ aggregate }) => aggregate === name);
    return [name, KINDS.flatMap((kind) => own.filter((message) => message.kind === kind))];
  });
}

/** Whether a field must be there, and what stands for it otherwise. */
export function presence(field: MessageField): string {
  const said = field.isOptional ? 'optional' : 'required';
  return field.default === undefined ? said : `${said}, default ${field.default}`;
}
