const SECONDS: Intl.DateTimeFormatOptions = {
  month: 'short',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
};

const exactly = new Intl.DateTimeFormat(undefined, SECONDS);

/** The local time of a moment, to the millisecond: what follows is often of the same second. */
export function exact(moment: string): string {
  return exactly.format(new Date(moment));
}

/** A moment in UTC as an input of local time takes it; empty when there is none. */
export function toLocal(moment: string | undefined): string {
  const time = new Date(moment ?? '');
  if (Number.isNaN(time.getTime())) return '';
  const local = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

/** What such an input says, in UTC; undefined when it says nothing. */
export function fromLocal(text: string): string | undefined {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}
