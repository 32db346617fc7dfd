import { ask } from './ask';
import type { Seen } from './seen';

/** Which records are wanted; what is absent does not matter. */
export interface EventFilter {
  topic?: string;
  type?: string;
  key?: string;
  correlationId?: string;
  since?: string;
  until?: string;
}

export interface EventPage {
  records: Seen[];
  /** There may be more from here on. */
  next: string | null;
}

/** A page of records, the newest first. */
export function readEvents(
  filter: EventFilter,
  limit: number,
  signal: AbortSignal,
  cursor?: string,
): Promise<EventPage> {
  const query = { ...filter, limit, cursor };
  return ask('operator', '/v1/events', { query, signal });
}
