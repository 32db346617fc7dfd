import { queryOptions } from '@tanstack/svelte-query';
import type { components } from '../../../openapi/campaigns';
import { campaigns, mails, take } from '../api/clients';
import { Problem } from '../api/problem';
import type { ListKind } from './list';

export type Campaign = components['schemas']['Campaign'];
export type Standing = components['schemas']['Standing'];
export type Mailing = components['schemas']['Mailing'];

export type MailingStatus = 'requested' | 'sent' | 'failed' | 'uncertain' | 'excluded';

export interface MailingFilter {
  campaignId: string;
  status?: MailingStatus;
}

const PAGE = 200;

/** The campaigns, newest first. */
export const campaignRows: ListKind<Campaign, Record<string, never>> = {
  key: ['campaigns', 'list'],
  page: (_, cursor, signal) => {
    const query = { limit: PAGE, ...(cursor ? { cursor } : {}) };
    return take(campaigns.GET('/v1/campaigns', { params: { query }, signal }));
  },
  id: (campaign) => campaign.id,
  fits: () => true,
};

/** The mails of a campaign, by customer id. */
export const mailingRows: ListKind<Mailing, MailingFilter> = {
  key: ['campaigns', 'mailings'],
  page: ({ campaignId, status }, cursor, signal) => {
    const query = { limit: PAGE, ...(status ? { status } : {}), ...(cursor ? { cursor } : {}) };
    const params = { path: { id: campaignId }, query };
    return take(campaigns.GET('/v1/campaigns/{id}/mailings', { params, signal }));
  },
  id: (mailing) => mailing.id,
  fits: (mailing, { status }) => !status || mailing.status === status,
};

export const campaignKey = (id: string) => ['campaigns', 'one', id];

/** A campaign; with a token, once the read model shows what its command did. */
export function readCampaign(id: string, token?: string, signal?: AbortSignal): Promise<Standing> {
  const headers = token ? { 'oneway-token': token } : {};
  const path = { id };
  return take(
    campaigns.GET('/v1/campaigns/{id}', { params: { path }, headers, signal: signal ?? null }),
  );
}

/** A campaign and how it goes. */
export function campaign(id: string) {
  return queryOptions({
    queryKey: campaignKey(id),
    queryFn: ({ signal }) => readCampaign(id, undefined, signal),
  });
}

export const uncertainKey = ['campaigns', 'uncertain'];

/** Mails of which nobody knows whether they were sent; with a token, after its command. */
export async function readUncertain(token?: string): Promise<Mailing[]> {
  const query = { status: 'uncertain', limit: 500 };
  const headers = token ? { 'oneway-token': token } : {};
  return (await take(campaigns.GET('/v1/mailings', { params: { query }, headers }))).items;
}

/** Mails that wait for somebody's decision. */
export function uncertain() {
  return queryOptions({ queryKey: uncertainKey, queryFn: () => readUncertain() });
}

export const mailsOfKey = (customerId: string) => ['campaigns', 'mails-of', customerId];

/** Most mails of a customer that are shown. */
export const MOST_MAILS = 500;

/** The mails to a customer, the newest first. */
export function mailsOf(customerId: string) {
  return queryOptions({
    queryKey: mailsOfKey(customerId),
    queryFn: async ({ signal }) => {
      const query = { customerId, limit: MOST_MAILS };
      const { items } = await take(campaigns.GET('/v1/mailings', { params: { query }, signal }));
      return items.toSorted((a, b) => Date.parse(b.requestedAt) - Date.parse(a.requestedAt));
    },
  });
}

/** Sends what a campaign would send to an address, once, as one customer would get it. */
export async function sendTest(id: string, to: string, customerId?: string): Promise<void> {
  const body = { to, ...(customerId ? { customerId } : {}) };
  // There is nothing in the answer.
  const { error, response } = await mails.POST('/v1/campaigns/{id}/test', {
    params: { path: { id } },
    body,
  });
  if (!response.ok) throw Problem.of(response, error);
}

/** The mail of a campaign as a customer would see it; a made-up one without any. */
export function preview(id: string, customerId: string | undefined) {
  return queryOptions({
    queryKey: ['email-campaign', 'preview', id, customerId ?? null],
    queryFn: ({ signal }) => {
      const body = customerId ? { customerId } : {};
      const params = { path: { id } };
      return take(mails.POST('/v1/campaigns/{id}/preview', { params, body, signal }));
    },
  });
}

/** What may change without a word, such as permissions, is looked at so often, in milliseconds. */
const LOOK = 10_000;

/** Whom a campaign would write to if it were started now. */
export function audience(id: string) {
  return queryOptions({
    queryKey: ['email-campaign', 'audience', id],
    queryFn: ({ signal }) =>
      take(mails.GET('/v1/campaigns/{id}/audience', { params: { path: { id } }, signal })),
    staleTime: 0,
    refetchInterval: LOOK,
  });
}
