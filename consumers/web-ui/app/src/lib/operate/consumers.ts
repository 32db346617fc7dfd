import { queryOptions } from '@tanstack/svelte-query';
import { ask } from './ask';
import { LOOK } from './poll';
import { note } from './series';

export interface Part {
  topic: string;
  partition: number;
  position: number;
  end: number;
  /** That are not applied, and how old the first of them is. */
  records: number;
  seconds: number;
  owner: string | null | undefined;
  /** That wait behind dead letters. */
  parkedKeys: number;
}

/** Names the looks at one partition. */
export const nameOf = (consumer: string, { topic, partition }: Part) =>
  `${consumer} ${topic}/${partition}`;

export interface ConsumerStanding {
  name: string;
  hasRun: boolean;
  paused: boolean;
  generation: number | null;
  projectionVersion: number | null;
  records: number;
  seconds: number;
  parked: number;
  deadLetters: number;
  /** `next` and `previous`, as far as they exist. */
  builds: string[];
  whyNoRebuild: string | null;
  partitions: Part[];
}

/** Who is older than this many seconds is behind. */
export const BEHIND = 10;

export type ConsumerState = 'running' | 'behind' | 'paused' | 'stopped' | 'unrun';

export function stateOf(consumer: ConsumerStanding): ConsumerState {
  if (!consumer.hasRun) return 'unrun';
  if (consumer.paused) return 'paused';
  if (consumer.seconds > BEHIND) return 'behind';
  const { partitions } = consumer;
  return partitions.length > 0 && !partitions.some(({ owner }) => owner) ? 'stopped' : 'running';
}

/** How all consumers stand. */
export function consumers(every = LOOK) {
  return queryOptions({
    queryKey: ['operator', 'consumers'],
    queryFn: async ({ signal }) => {
      const asked = ask<{ consumers: ConsumerStanding[] }>('operator', '/v1/consumers', { signal });
      const { consumers } = await asked;
      for (const { name, partitions, records, seconds } of consumers) {
        const at = Date.now();
        const position = partitions.reduce((sum, part) => sum + part.position, 0);
        note(name, { at, position, records, seconds });
        for (const part of partitions) note(nameOf(name, part), { ...part, at });
      }
      return consumers;
    },
    staleTime: 0,
    refetchInterval: every,
  });
}

export interface DeadLetter {
  topic: string;
  partition: number;
  offset: number;
  key: string | null;
  class: string;
  error: string;
  schemaId: number | null;
  attempts: number;
  parkedAt: string;
  /** Records of the same key that wait behind it. */
  waiting: number;
  /** What somebody has asked for, and the consumer has not done yet. */
  request: string | null;
}

/** What is asked for, and for which dead letters. */
export interface Wish {
  action: 'retry' | 'skip';
  place?: string;
  key?: string;
  class?: string;
  all?: boolean;
  reason?: string;
}

interface Letters {
  deadLetters: DeadLetter[];
}

function pathOf(consumer: string, what: string): string {
  return `/v1/consumers/${encodeURIComponent(consumer)}/${what}`;
}

export const lettersKey = (consumer: string) => ['operator', 'dead-letters', consumer];

/** The records that a consumer cannot handle. */
export function deadLetters(consumer: string) {
  return queryOptions({
    queryKey: lettersKey(consumer),
    queryFn: async ({ signal }) => {
      const asked = ask<Letters>('operator', pathOf(consumer, 'dead-letters'), { signal });
      return (await asked).deadLetters;
    },
    staleTime: 0,
    refetchInterval: 2 * LOOK,
  });
}

/** Asks for something, or only which dead letters would be meant. */
export async function askFor(consumer: string, wish: Wish, dryRun: boolean): Promise<DeadLetter[]> {
  const body = { ...wish, dryRun };
  const { deadLetters } = await ask<Letters>('operator', pathOf(consumer, 'dead-letters'), {
    body,
  });
  return deadLetters;
}

export const STEPS = ['plan', 'start', 'status', 'diff', 'switch', 'back', 'drop'] as const;
export type RebuildStep = (typeof STEPS)[number];

export interface StepRun {
  step: RebuildStep;
  began: string;
  by: string;
  lines: string[];
  running: boolean;
  exitCode: number | null;
}

export const rebuildKey = (consumer: string) => ['operator', 'rebuild', consumer];

/** The last step of a rebuild; null when there was none. */
export function lastStep(consumer: string) {
  return queryOptions({
    queryKey: rebuildKey(consumer),
    queryFn: async ({ signal }) =>
      (await ask<StepRun | null>('operator', pathOf(consumer, 'rebuild'), { signal })) ?? null,
    staleTime: 0,
    // Others may begin a step, too: that is seen a little later.
    refetchInterval: ({ state }) => (state.data?.running ? LOOK : 5 * LOOK),
  });
}

export function beginStep(consumer: string, step: RebuildStep): Promise<void> {
  return ask('operator', pathOf(consumer, 'rebuild'), { body: { step } });
}
