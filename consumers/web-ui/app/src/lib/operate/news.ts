import { micros, placeOf, type Seen } from './seen';

/** Those of some records that are not among others. */
export function without(records: readonly Seen[], known: readonly Seen[]): Seen[] {
  const places = new Set(known.map(placeOf));
  return records.filter((seen) => !places.has(placeOf(seen)));
}

/**
 * Those that are not older than all that is listed. A look for new records goes back further than
 * to the newest one, and what is older is on the pages to come, as long as there are such.
 */
export function notBelow(records: readonly Seen[], listed: readonly Seen[]): Seen[] {
  const oldest = listed.at(-1);
  const from = oldest ? micros(oldest.time) : 0;
  return records.filter(({ time }) => micros(time) >= from);
}

/** The newest first; sorts in place. */
export function sorted(records: Seen[]): Seen[] {
  const newer = (a: Seen, b: Seen) => micros(b.time) - micros(a.time);
  return records.sort((a, b) => newer(a, b) || (b.offset ?? 0) - (a.offset ?? 0));
}
