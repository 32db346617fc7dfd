const tenths = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });

/** A lag in seconds, or in what is larger. */
export function seconds(value: number): string {
  if (value < 60) return `${tenths.format(value)} s`;
  if (value < 3_600) return `${tenths.format(value / 60)} min`;
  if (value < 86_400) return `${tenths.format(value / 3_600)} h`;
  return `${tenths.format(value / 86_400)} d`;
}

export function rate(value: number | null): string {
  return value === null ? '–' : `${tenths.format(value)}/s`;
}
