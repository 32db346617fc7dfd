import type { QueryClient } from '@tanstack/svelte-query';
import { commandApi } from '../api/clients';
import { refreshAll } from '../queries/list';
import { orderRows, readOrder, requestsKey, type ConfirmationRequest } from '../queries/orders';
import { replace } from '../queries/rows';
import { dateTime } from '../time';
import { run, type Running, type Wish } from './commands.svelte';

/** An order to be placed. */
export interface NewOrder {
  customerId: string;
  customerName: string;
  text: string;
  /** In EUR, such as `13.99`. */
  value: string;
  /** Now, when absent. */
  orderedAt?: string;
}

export function placeOrder(client: QueryClient, order: NewOrder, key: string): Running {
  const { customerId, customerName, text, value, orderedAt } = order;
  const body = { customerId, text, value, ...(orderedAt ? { orderedAt } : {}) };
  const wish: Wish = {
    title: `Place an order of ${customerName}`,
    done: `The order of ${customerName} is placed`,
    aggregate: 'order',
    call: (header) => commandApi.POST('/v1/orders', { params: { header }, body }),
    async see({ aggregateId, token }) {
      await readOrder(aggregateId, token);
      refreshAll(client, orderRows.key);
    },
  };
  return run(wish, key);
}

/** How orders are called by their text, which may be long and have several lines. */
export function called(text: string): string {
  const line = text.split('\n', 1)[0] ?? '';
  return line.length > 40 ? `“${line.slice(0, 39)}…”` : `“${line}”`;
}

interface Requests {
  requests: ConfirmationRequest[];
  isWhole: boolean;
}

/** Confirms an order; when it was confirmed already, says so in words. */
export function confirmOrder(client: QueryClient, request: ConfirmationRequest): Running {
  const id = request.orderId;
  const name = called(request.text);
  const see = async (token: string | undefined) => {
    const order = await readOrder(id, token);
    replace(client, orderRows, [order]);
    if (order.status === 'confirmed') {
      client.setQueryData<Requests>(requestsKey, (known) => {
        if (!known) return known;
        return { ...known, requests: known.requests.filter((one) => one.orderId !== id) };
      });
    }
    return order;
  };
  const running = run({
    title: `Confirm ${name}`,
    done: `${name} is confirmed`,
    aggregate: 'order',
    id,
    patch: { status: 'confirmed' },
    call: (header) =>
      commandApi.POST('/v1/orders/{id}/confirmation', { params: { path: { id }, header } }),
    see: ({ token }) => see(token),
  });
  running.seen.catch(async () => {
    const { command } = running;
    if (command.problem?.code !== 'rule_violated') return;
    const order = await see(command.problem.token).catch(() => null);
    if (order?.status !== 'confirmed') return;
    command.note =
      `Somebody else has confirmed ${name} already, by ${dateTime(order.updatedAt)}. ` +
      `Nothing was changed, and there is nothing more to do.`;
  });
  return running;
}
