import type { Kind, Seen } from './seen';

/** How a record looks: as its kind does, but what went wrong is seen at once. */
export function toneOf({ kind, told }: Seen): Kind | 'bad' {
  const isBad = kind === 'unreadable' || told?.rejection || told?.state === 'failed';
  return isBad ? 'bad' : kind;
}
