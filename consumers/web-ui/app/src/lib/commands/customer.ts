import type { QueryClient } from '@tanstack/svelte-query';
import { commandApi } from '../api/clients';
import { customerKey, readCustomer, type Customer } from '../queries/customers';
import { refreshAll } from '../queries/list';
import { reportRow, reportRows } from '../queries/report';
import { replace } from '../queries/rows';
import { run, type Running, type Wish } from './commands.svelte';
import type { Outcome } from './send';

/** What people may say of a customer; nothing is an empty text. */
export interface CustomerData {
  name: string;
  location: string;
  email: string;
}

/** The data of a customer as a form has them. */
export function dataOf(customer: Customer): CustomerData {
  return {
    name: customer.name,
    location: customer.location ?? '',
    email: customer.email ?? '',
  };
}

function body({ name, location, email }: CustomerData) {
  const orNull = (text: string) => text.trim() || null;
  return { name: name.trim(), location: orNull(location), email: orNull(email) };
}

/** Both read models that the pages show customers by. */
async function see(client: QueryClient, { aggregateId, token }: Outcome): Promise<void> {
  const [customer, row] = await Promise.all([
    readCustomer(aggregateId, token),
    reportRow(aggregateId, token),
  ]);
  client.setQueryData(customerKey(aggregateId), customer);
  replace(client, reportRows, [row]);
}

export function createCustomer(client: QueryClient, data: CustomerData, key: string): Running {
  const wish: Wish = {
    title: `Create ${data.name}`,
    done: `${data.name} is created`,
    aggregate: 'customer',
    call: (header) => commandApi.POST('/v1/customers', { params: { header }, body: body(data) }),
    async see(outcome) {
      await see(client, outcome);
      refreshAll(client, reportRows.key);
    },
  };
  return run(wish, key);
}

/** Replaces the data of a customer, if nobody has changed them since they had this version. */
export function updateCustomer(
  client: QueryClient,
  id: string,
  version: number,
  data: CustomerData,
  key: string,
): Running {
  const params = { path: { id } };
  const wish: Wish = {
    title: `Change ${data.name}`,
    done: `${data.name} is changed`,
    aggregate: 'customer',
    id,
    patch: body(data),
    call: (headers) =>
      commandApi.PUT('/v1/customers/{id}', {
        params: { ...params, header: { ...headers, 'If-Match': `"${version}"` } },
        body: body(data),
      }),
    see: (outcome) => see(client, outcome),
  };
  return run(wish, key);
}

/** Allows e-mails to a customer, or allows them no more. */
export function setPermission(
  client: QueryClient,
  { id, name }: { id: string; name: string },
  isAllowed: boolean,
  source: string,
  key: string,
): Running {
  const path = '/v1/customers/{id}/email-permission';
  const wish: Wish = {
    title: isAllowed ? `Allow e-mails to ${name}` : `Withdraw the permission of ${name}`,
    done: isAllowed ? `${name} may get e-mails` : `${name} gets no more e-mails`,
    aggregate: 'customer',
    id,
    patch: { emailPermission: isAllowed },
    call: (header) => {
      const asked = { params: { path: { id }, header }, body: { source } };
      return isAllowed ? commandApi.PUT(path, asked) : commandApi.DELETE(path, asked);
    },
    see: (outcome) => see(client, outcome),
  };
  return run(wish, key);
}
