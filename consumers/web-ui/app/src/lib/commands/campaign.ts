import type { QueryClient } from '@tanstack/svelte-query';
import { commandApi } from '../api/clients';
import {
  campaignKey,
  campaignRows,
  mailingRows,
  readCampaign,
  readUncertain,
  uncertainKey,
  type Campaign,
  type Mailing,
} from '../queries/campaigns';
import { refreshAll } from '../queries/list';
import type { CustomerClass } from '../queries/report';
import { replace } from '../queries/rows';
import { run, type Running, type Wish } from './commands.svelte';
import type { Call, Outcome } from './send';

/** The form in which the command API takes any command. */
function generic(
  aggregateName: 'campaign' | 'mailing',
  aggregateId: string,
  command: string,
  payload: Record<string, unknown> = {},
): Call {
  const body = { aggregateName, aggregateId, command, payload };
  const headers = { accept: 'application/json' };
  return async (header) => {
    const asked = commandApi.POST('/api/command', { params: { header }, headers, body });
    const { data, error, response } = await asked;
    // Where JSON is asked for, no text comes.
    if (typeof data === 'string') throw new TypeError('the answer is no JSON');
    return data ? { data, response } : { error, response };
  };
}

export interface NewCampaign {
  name: string;
  subject: string;
  body: string;
  audienceClass: CustomerClass;
}

async function see(client: QueryClient, { aggregateId, token }: Outcome): Promise<void> {
  const standing = await readCampaign(aggregateId, token);
  client.setQueryData(campaignKey(aggregateId), standing);
  replace(client, campaignRows, [standing]);
}

/** Its id is the key: sent again, it is the same campaign. */
export function createCampaign(client: QueryClient, campaign: NewCampaign, key: string): Running {
  const wish: Wish = {
    title: `Create the campaign ${campaign.name}`,
    done: `The campaign ${campaign.name} is a draft`,
    aggregate: 'campaign',
    call: generic('campaign', key, 'CREATE', { ...campaign }),
    async see(outcome) {
      await see(client, outcome);
      refreshAll(client, campaignRows.key);
    },
  };
  return run(wish, key);
}

/** What may be done with a campaign. */
export type Step = 'START' | 'PAUSE' | 'COMPLETE';

const STEPS: Record<Step, { title: string; done: string; status: string }> = {
  START: { title: 'Start', done: 'is running', status: 'running' },
  PAUSE: { title: 'Pause', done: 'is paused', status: 'paused' },
  COMPLETE: { title: 'Complete', done: 'is over', status: 'completed' },
};

export function takeStep(client: QueryClient, { id, name }: Campaign, step: Step): Running {
  const { title, done, status } = STEPS[step];
  return run({
    title: `${title} ${name}`,
    done: `${name} ${done}`,
    aggregate: 'campaign',
    id,
    patch: { status },
    call: generic('campaign', id, step),
    see: (outcome) => see(client, outcome),
  });
}

/** What somebody may decide about a mail of which nobody knows whether it was sent. */
export type Decision = 'sent' | 'failed' | 'again';

function decision(mailing: Mailing, decided: Decision): Call {
  const { id } = mailing;
  // The moment at which it became uncertain: the clock of this browser may be ahead.
  const sentAt = mailing.endedAt ?? mailing.requestedAt;
  if (decided === 'sent') return generic('mailing', id, 'MARK_SENT', { sentAt });
  if (decided === 'again') return generic('mailing', id, 'REQUEST_AGAIN');
  return generic('mailing', id, 'MARK_FAILED', { reason: 'decided by a person' });
}

export function decideMailing(client: QueryClient, mailing: Mailing, decided: Decision): Running {
  const whom = mailing.customerName ?? mailing.customerId;
  const texts = {
    sent: [`Take the mail to ${whom} for sent`, `The mail to ${whom} counts as sent`],
    failed: [`Give up the mail to ${whom}`, `The mail to ${whom} is given up`],
    again: [`Send the mail to ${whom} again`, `The mail to ${whom} is sent again`],
  } as const;
  const [title, done] = texts[decided];
  return run({
    title,
    done,
    aggregate: 'mailing',
    id: mailing.id,
    patch: { status: decided === 'again' ? 'requested' : decided },
    call: decision(mailing, decided),
    async see({ token }) {
      client.setQueryData(uncertainKey, await readUncertain(token));
      refreshAll(client, mailingRows.key);
      void client.invalidateQueries({ queryKey: campaignKey(mailing.campaignId) });
    },
  });
}
