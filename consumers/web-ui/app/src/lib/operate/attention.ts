// What a person should look at, each with the page where something can be done about it.

import type { Mailing } from '../queries/campaigns';
import { plural } from '../format';
import { BEHIND, type ConsumerStanding } from './consumers';
import { seconds } from './figures';
import { MOST_PENDING, type HealthPart, type Valued } from './overview';

export interface Concern {
  tone: 'bad' | 'warn';
  text: string;
  href: string;
}

interface Known {
  parts: readonly HealthPart[] | undefined;
  consumers: readonly ConsumerStanding[] | undefined;
  uncertain: readonly Mailing[] | undefined;
  pending: readonly Valued[] | undefined;
  rule: { pending: number; ruleVersion: string } | undefined;
  now: number;
}

/** A rate may take a moment: whoever waits longer than this, in milliseconds, is told of. */
const SOON = 60_000;

/** The most urgent first; what is not known yet is not told of. */
export function concerns({ parts, consumers, uncertain, pending, rule, now }: Known): Concern[] {
  const all = consumers ?? [];
  const isConsumer = new Set(all.map(({ name }) => name));
  const found: Concern[] = [];
  const add = (tone: Concern['tone'], text: string, href: string) =>
    found.push({ tone, text, href });

  for (const { name, wrong } of parts ?? []) {
    const href = isConsumer.has(name) ? `/consumers/${name}` : '#health';
    if (wrong !== null) add('bad', `${name} is down: ${wrong}`, href);
  }
  for (const one of all) {
    const href = `/consumers/${one.name}`;
    if (one.deadLetters > 0) {
      const letters = plural(one.deadLetters, 'dead letter');
      add('bad', `${one.name} has ${letters}`, `${href}#dead-letters`);
    }
    if (one.paused) add('warn', `${one.name} is paused`, href);
    else if (one.seconds > BEHIND) {
      add('warn', `${one.name} is ${seconds(one.seconds)} behind`, href);
    }
  }
  for (const [campaign, mails] of byCampaign(uncertain ?? [])) {
    const whether = mails === 1 ? 'it was' : 'they were';
    const text = `Nobody knows of ${plural(mails, 'mail')} of a campaign whether ${whether} sent`;
    add('warn', text, `/campaigns/${encodeURIComponent(campaign)}?status=uncertain`);
  }
  const waiting = (pending ?? []).filter(({ notedAt }) => now - Date.parse(notedAt) > SOON);
  if (waiting.length > 0) {
    const atLeast = waiting.length === MOST_PENDING ? 'At least ' : '';
    const wait = waiting.length === 1 ? 'waits' : 'wait';
    const text = `${atLeast}${plural(waiting.length, 'order')} ${wait} for a rate of the ECB`;
    add('warn', text, '/consumers/order-valuation');
  }
  if (rule && rule.pending > 0) {
    const customers = plural(rule.pending, 'customer');
    const text = `The rule of the classes was changed: ${customers} still to be counted anew`;
    add('warn', text, '/consumers/customer-classifier');
  }
  return found.sort((a, b) => Number(a.tone === 'warn') - Number(b.tone === 'warn'));
}

function byCampaign(mails: readonly Mailing[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { campaignId } of mails) counts.set(campaignId, (counts.get(campaignId) ?? 0) + 1);
  return counts;
}
