// The line of Vilfredo Pareto: which share of the revenue comes from which share of the customers.

import { cents } from './money';

/** Points of a line, as a chart takes them: x and y in per cent. */
export interface Line {
  customers: number[];
  revenue: number[];
}

/** The most points that are drawn: a screen has no more. */
const MOST_POINTS = 400;

/** Shares are thousandths of a per cent until they are drawn. */
const SCALE = 100_000n;

function share(part: bigint, whole: bigint): number {
  return whole === 0n ? 0 : Number((part * SCALE) / whole) / 1_000;
}

/**
 * The line through the revenues of the best customers, largest first, of `count` customers with a
 * revenue of `total` in all; a straight one through the rest, when these are not all.
 */
export function pareto(revenues: readonly string[], count: number, total: string): Line {
  const whole = cents(total) ?? 0n;
  const line: Line = { customers: [0], revenue: [0] };
  const step = Math.max(1, Math.floor(revenues.length / MOST_POINTS));
  let sum = 0n;
  revenues.forEach((revenue, index) => {
    sum += cents(revenue) ?? 0n;
    const isDrawn = (index + 1) % step === 0 || index === revenues.length - 1;
    if (!isDrawn) return;
    line.customers.push(share(BigInt(index + 1), BigInt(count)));
    line.revenue.push(share(sum, whole));
  });
  if (revenues.length < count) {
    line.customers.push(100);
    line.revenue.push(100);
  }
  return line;
}

/** The share of the revenue of the first customers whose share is `customers`, from the line. */
export function revenueOf(line: Line, customers: number): number {
  const index = line.customers.findIndex((x) => x >= customers);
  if (index <= 0) return index === 0 ? (line.revenue[0] ?? 0) : 100;
  const [x0 = 0, x1 = 0] = line.customers.slice(index - 1, index + 1);
  const [y0 = 0, y1 = 0] = line.revenue.slice(index - 1, index + 1);
  return x1 === x0 ? y1 : y0 + ((y1 - y0) * (customers - x0)) / (x1 - x0);
}
