import type { Summary } from './queries/report';

type Movement = Summary['movements'][number];

/** What happened in one month. */
export interface Month {
  month: string;
  /** Customers who were new, by their first class. */
  fresh: number;
  /** Changes by their kind, such as `C→B`. */
  changes: Map<string, number>;
  up: number;
  down: number;
}

/** All kinds of changes between classes, upwards first. */
export const KINDS = ['C→B', 'B→A', 'C→A', 'A→B', 'B→C', 'A→C'] as const;

/** The movements month by month, the newest first. */
export function byMonth(movements: readonly Movement[]): Month[] {
  const months = new Map<string, Month>();
  for (const { month, from, to, changes } of movements) {
    const known = months.get(month) ?? { month, fresh: 0, changes: new Map(), up: 0, down: 0 };
    months.set(month, known);
    if (!from) {
      known.fresh += changes;
      continue;
    }
    known.changes.set(`${from}→${to}`, changes);
    // A is before B.
    if (to < from) known.up += changes;
    else known.down += changes;
  }
  return [...months.values()].sort((a, b) => (a.month < b.month ? 1 : -1));
}
