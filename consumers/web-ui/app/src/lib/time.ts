const DATE: Intl.DateTimeFormatOptions = { year: 'numeric', month: 'short', day: '2-digit' };
const TIME: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit' };

const dates = new Intl.DateTimeFormat(undefined, DATE);
const times = new Intl.DateTimeFormat(undefined, { ...DATE, ...TIME });
const days = new Intl.DateTimeFormat(undefined, { ...DATE, timeZone: 'UTC' });

/** The local day of a moment. */
export function date(moment: string): string {
  return dates.format(new Date(moment));
}

/** The local day and time of a moment. */
export function dateTime(moment: string): string {
  return times.format(new Date(moment));
}

/** A day that is one in UTC, wherever its reader is: such as that of a rate. */
export function utcDay(moment: string): string {
  return days.format(new Date(moment));
}

/** A moment in UTC, to the second. */
export function utc(moment: string): string {
  return inUtc(moment, 'YYYY-MM-DD hh:mm:ss'.length);
}

/** A moment in UTC, to the millisecond. */
export function utcExact(moment: string): string {
  return inUtc(moment, 'YYYY-MM-DD hh:mm:ss.sss'.length);
}

function inUtc(moment: string, length: number): string {
  return `${new Date(moment).toISOString().slice(0, length).replace('T', ' ')} UTC`;
}

/** A day such as `2026-05-31`, which anybody may have typed; undefined for what is none. */
export function day(text: string | null): string | undefined {
  const isDay = text !== null && /^\d{4}-\d{2}-\d{2}$/.test(text);
  return isDay && !Number.isNaN(Date.parse(text)) ? text : undefined;
}

/** The last day that is over in UTC, such as `2026-05-31`. */
export function yesterday(now = Date.now()): string {
  return new Date(now - 24 * 60 * 60 * 1_000).toISOString().slice(0, 10);
}

const UNITS = [
  ['d', 24 * 60 * 60],
  ['h', 60 * 60],
  ['min', 60],
] as const;

/** A length of time in its largest unit, such as `3 min`. */
export function span(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1_000));
  for (const [unit, length] of UNITS) {
    if (seconds >= length) return `${Math.floor(seconds / length)} ${unit}`;
  }
  return `${seconds} s`;
}
