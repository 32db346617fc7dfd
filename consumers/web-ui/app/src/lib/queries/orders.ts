import { queryOptions } from '@tanstack/svelte-query';
import type { components } from '../../../openapi/orders';
import { orders, take } from '../api/clients';
import type { ListKind } from './list';

export type Order = components['schemas']['Order'];
export type OrderStatus = Order['status'];
export type ConfirmationRequest = components['schemas']['ConfirmationRequest'];

export interface OrderFilter {
  status?: OrderStatus;
  customerId?: string;
}

const PAGE = 200;

/** Most open requests that are shown: all of them are sorted here. */
export const MOST_REQUESTS = 5_000;

/** The orders, newest first. */
export const orderRows: ListKind<Order, OrderFilter> = {
  key: ['orders', 'list'],
  page: (filter, cursor, signal) => {
    const query = { ...filter, limit: PAGE, ...(cursor ? { cursor } : {}) };
    return take(orders.GET('/v1/orders', { params: { query }, signal }));
  },
  id: (order) => order.id,
  one: (id) => readOrder(id),
  fits: isListed,
  // Changes tell of an order as other front ends show it: without its version, and when it was.
  mayFit: (details, filter) => !details || isListed(details, filter),
};

function isListed(order: Partial<Order>, { status, customerId }: OrderFilter): boolean {
  return (!status || order.status === status) && (!customerId || order.customerId === customerId);
}

/** One order; with a token, once the read model shows what its command did. */
export function readOrder(id: string, token?: string): Promise<Order> {
  const headers = token ? { 'oneway-token': token } : {};
  return take(orders.GET('/v1/orders/{id}', { params: { path: { id } }, headers }));
}

export const requestsKey = ['orders', 'requests'];

/** The orders that wait for a person. They are few: people would not keep up else. */
export function requests() {
  return queryOptions({
    queryKey: requestsKey,
    queryFn: async ({ signal }) => {
      const all: ConfirmationRequest[] = [];
      let cursor: string | undefined;
      do {
        const query = { state: 'open' as const, limit: 500, ...(cursor ? { cursor } : {}) };
        const asked = orders.GET('/v1/confirmation-requests', { params: { query }, signal });
        const page = await take(asked);
        all.push(...page.items);
        cursor = page.next ?? undefined;
      } while (cursor && all.length < MOST_REQUESTS);
      return { requests: all, isWhole: !cursor };
    },
  });
}
