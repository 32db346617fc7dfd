import { session } from '../session.svelte';
import { address } from './ask';
import type { EventFilter } from './events';
import type { Seen } from './seen';

/** In single quotes nothing has a meaning for a shell but the quote itself. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A command line that asks the same; who has to log in has to have a token at hand, too. */
function curl(path: string): string {
  const token = session.subject === null ? '' : ' -H "authorization: Bearer $TOKEN"';
  return `curl -s ${quoted(location.origin + path)}${token}`;
}

/** A command line for a list. */
export function curlOfList(filter: EventFilter): string {
  return curl(address('operator', '/v1/events', { ...filter }));
}

/** A command line for one record: no other one of its key and type is of the same millisecond. */
export function curlOf({ topic, type, key, time }: Seen): string {
  const until = new Date(Math.floor(Date.parse(time)) + 1).toISOString();
  const query = { topic: topic ?? undefined, type, key, since: time, until };
  return curl(address('operator', '/v1/events', query));
}
