import { queryOptions } from '@tanstack/svelte-query';
import type { components, operations } from '../../../openapi/customer-report';
import { report, take } from '../api/clients';
import { sum } from '../money';
import type { ListKind, Page } from './list';

export type ReportRow = components['schemas']['Customer'];
export type Summary = components['schemas']['Summary'];
export type OfClass = components['schemas']['OfClass'];
export type CustomerClass = 'A' | 'B' | 'C';

export interface ReportFilter {
  /** A text in name, id or location. */
  text?: string;
  class?: CustomerClass;
  /** A column, with `-` before it for the descending order. */
  sort: string;
  /** A day that is over. */
  asOf?: string;
}

const PAGE = 200;

type ListQuery = NonNullable<operations['list']['parameters']['query']>;

function query({ text, class: of, sort, asOf }: ReportFilter): ListQuery {
  return {
    sort,
    ...(text ? { text } : {}),
    ...(of ? { class: of } : {}),
    ...(asOf ? { 'as-of': asOf } : {}),
  };
}

/** The customers with their figures and classes. */
export const reportRows: ListKind<ReportRow, ReportFilter> = {
  key: ['customer-report', 'list'],
  page: (filter, cursor, signal) =>
    reportPage({ ...query(filter), limit: PAGE, ...(cursor ? { cursor } : {}) }, signal),
  id: (row) => row.id,
  one: (id) => reportRow(id),
  fits: (row, filter) => (!filter.class || row.class === filter.class) && hasText(row, filter.text),
  place: (row, { sort }) => row[sort.replace('-', '') as keyof ReportRow],
  isFrozen: (filter) => filter.asOf !== undefined,
};

function hasText(row: ReportRow, text: string | undefined): boolean {
  if (!text) return true;
  const wanted = text.toLowerCase();
  return [row.name, row.id, row.location ?? ''].some((has) => has.toLowerCase().includes(wanted));
}

/** What somebody types, and names in cursors, are in no address. */
export async function reportPage(body: ListQuery, signal?: AbortSignal): Promise<Page<ReportRow>> {
  const asked = report.POST('/v1/report/customers/search', { body, signal: signal ?? null });
  // As a whole the report is a text, but nobody asks for that here.
  return (await take(asked)) as Page<ReportRow>;
}

/** One customer; with a token, once the report shows what its command did. */
export async function reportRow(id: string, token?: string): Promise<ReportRow> {
  const headers = token ? { 'oneway-token': token } : {};
  return take(report.GET('/v1/report/customers/{id}', { params: { path: { id } }, headers }));
}

export const summaryKey = ['customer-report', 'summary'];

/** All customers in numbers. */
export function summary(asOf: string | undefined, top: number) {
  return queryOptions({
    queryKey: [...summaryKey, asOf ?? null, top],
    queryFn: ({ signal }) => readSummary(asOf, top, signal),
  });
}

function readSummary(asOf: string | undefined, top: number, signal: AbortSignal): Promise<Summary> {
  const query = { top, ...(asOf ? { 'as-of': asOf } : {}) };
  return take(report.GET('/v1/report/summary', { params: { query }, signal }));
}

/** Where the whole report is, as CSV. */
export function csv(filter: ReportFilter): string {
  const { 'as-of': asOf, class: of, sort } = query(filter);
  const query_ = new URLSearchParams({ format: 'csv', sort: sort ?? 'name' });
  if (of) query_.set('class', of);
  if (asOf) query_.set('as-of', asOf);
  return `/s/customer-report/v1/report/customers?${query_}`;
}

/** Most customers that the Pareto line is exact for. */
export const MOST_RANKED = 5_000;

export const rankingKey = ['customer-report', 'ranking'];

/** The confirmed revenues of the best customers, largest first, as parts of the whole. */
export interface Ranking {
  revenues: string[];
  /** All customers, and what they bring: as of the same moment, or there would be no true line. */
  customers: number;
  total: string;
}

export function ranking(asOf: string | undefined) {
  return queryOptions({
    queryKey: [...rankingKey, asOf ?? null],
    queryFn: async ({ signal }): Promise<Ranking> => {
      const { revenues, isWhole } = await best(asOf, signal);
      if (isWhole) return { revenues, customers: revenues.length, total: sum(revenues) };
      const { customers, confirmedRevenue } = (await readSummary(asOf, 0, signal)).total;
      return { revenues, customers, total: confirmedRevenue };
    },
  });
}

async function best(asOf: string | undefined, signal: AbortSignal) {
  const revenues: string[] = [];
  let cursor: string | undefined;
  const sorted = {
    ...query({ sort: '-confirmedRevenue', ...(asOf ? { asOf } : {}) }),
    limit: 500,
  };
  do {
    const page = await reportPage({ ...sorted, ...(cursor ? { cursor } : {}) }, signal);
    revenues.push(...page.items.map(({ confirmedRevenue }) => confirmedRevenue));
    cursor = page.next ?? undefined;
  } while (cursor && revenues.length < MOST_RANKED);
  return { revenues, isWhole: !cursor };
}
