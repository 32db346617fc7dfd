// What was seen at successive looks, for rates and trends. It is kept as long as the page is open.

export interface Look {
  at: number;
  /** Sum of the offsets that were applied. */
  position: number;
  records: number;
  seconds: number;
}

const KEPT = 60;

/** Looks that are closer together say nothing new, in milliseconds. */
const CLOSE = 1_000;

/** Looks before a pause say nothing of what is now, in milliseconds. */
const PAUSE = 60_000;

const series = new Map<string, readonly Look[]>();

export function note(name: string, look: Look): void {
  const before = series.get(name) ?? [];
  const last = before.at(-1);
  if (last && look.at - last.at < CLOSE) return;
  const isFresh = !last || look.at - last.at > PAUSE;
  series.set(name, isFresh ? [look] : [...before.slice(1 - KEPT), look]);
}

export function looksAt(name: string): readonly Look[] {
  return series.get(name) ?? [];
}

/** Rates and trends are of this time, in milliseconds. */
const SPAN = 15_000;

function span(looks: readonly Look[]): [Look, Look] | null {
  const last = looks.at(-1);
  const first = last && looks.find(({ at }) => last.at - at <= SPAN);
  return last && first && first !== last ? [first, last] : null;
}

/** Offsets in a second; null after only one look. */
export function rateOf(looks: readonly Look[]): number | null {
  const found = span(looks);
  if (!found) return null;
  const [first, last] = found;
  return Math.max(0, ((last.position - first.position) * 1_000) / (last.at - first.at));
}

/** Whether the lag becomes larger; null after only one look. */
export function trendOf(looks: readonly Look[]): 'grows' | 'shrinks' | 'steady' | null {
  const found = span(looks);
  if (!found) return null;
  const difference = found[1].records - found[0].records;
  if (difference === 0) return 'steady';
  return difference > 0 ? 'grows' : 'shrinks';
}
