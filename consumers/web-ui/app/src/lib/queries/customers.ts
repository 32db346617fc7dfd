import { queryOptions } from '@tanstack/svelte-query';
import type { components } from '../../../openapi/customers';
import type { components as ClassComponents } from '../../../openapi/customer-classifier';
import { classifier, customers, take } from '../api/clients';

export type Customer = components['schemas']['Customer'];
export type ClassChange = ClassComponents['schemas']['Change'];

export const customerKey = (id: string) => ['customers', 'one', id];

/** One customer; with a token, once the read model shows what its command did. */
export function readCustomer(id: string, token?: string, signal?: AbortSignal): Promise<Customer> {
  const headers = token ? { 'oneway-token': token } : {};
  const path = { id };
  return take(
    customers.GET('/v1/customers/{id}', { params: { path }, headers, signal: signal ?? null }),
  );
}

/** One customer with all data. */
export function customer(id: string) {
  return queryOptions({
    queryKey: customerKey(id),
    queryFn: ({ signal }) => readCustomer(id, undefined, signal),
  });
}

export const classificationKey = (id: string) => ['customer-classifier', 'one', id];

/** The class of a customer, and how it came to it. */
export function classification(id: string) {
  return queryOptions({
    queryKey: classificationKey(id),
    queryFn: ({ signal }) => {
      const params = { path: { customerId: id } };
      return take(classifier.GET('/v1/classifications/{customerId}', { params, signal }));
    },
  });
}

export const classesKey = ['customer-classifier', 'summary'];

/** How many customers there are of each class. */
export function classes() {
  return queryOptions({
    queryKey: classesKey,
    queryFn: ({ signal }) => take(classifier.GET('/v1/classifications/summary', { signal })),
  });
}
