// Where the parts of a sequence are drawn.

import type { Hop, Lifeline } from './sequence';

/** Widths and heights in pixels: of the column with the times, a hop, and the names. */
export const TIMES = 76;
export const ROW = 30;
export const HEAD = 44;

/** A lifeline takes what room there is, within these bounds. */
const COLUMN = [118, 200] as const;

/** About the width of a letter of a hop. */
const LETTER = 6.3;

/** Places of lifelines and hops, with so much room for all. */
export function drawingOf(lifelines: readonly Lifeline[], room: number) {
  const lanes = Math.max(lifelines.length, 1);
  const column = Math.min(Math.max(Math.floor((room - TIMES) / lanes), COLUMN[0]), COLUMN[1]);
  const width = TIMES + lanes * column;
  const places = new Map(lifelines.map(({ id }, index) => [id, TIMES + (index + 0.5) * column]));
  const x = (id: string) => places.get(id) ?? TIMES;
  return {
    column,
    width,
    x,
    /** A line with its head, or a loop of somebody who tells nobody else. */
    path({ from, to }: Hop, y: number): string {
      const [a, b] = [x(from), x(to)];
      if (a === b) return `M${a} ${y - 8}h16v10h-14m5 -4l-5 4l5 4`;
      const back = b > a ? -6 : 6;
      return `M${a} ${y}H${b}m${back} -4L${b} ${y}l${back} 4`;
    },
    /** The text of a hop: from its left end on, or up to the edge. */
    text({ from, to, label }: Hop) {
      const [left, right] = [Math.min(x(from), x(to)), Math.max(x(from), x(to))];
      const isLoop = left === right;
      const start = left + (isLoop ? 22 : 8);
      if (label.length <= Math.floor((width - start - 4) / LETTER)) {
        return { x: start, anchor: 'start', label } as const;
      }
      const end = isLoop ? left - 6 : right - 8;
      return { x: end, anchor: 'end', label: short(label, (end - TIMES) / LETTER) } as const;
    },
    /** As much of a name as a column has room for, with letters of this width. */
    fitting(name: string, letter: number): string {
      return short(name, (column - 12) / letter);
    },
  };
}

function short(text: string, letters: number): string {
  return text.length > letters ? `${text.slice(0, Math.floor(letters) - 1)}…` : text;
}
