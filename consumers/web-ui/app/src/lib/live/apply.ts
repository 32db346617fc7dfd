// What a change means for what is shown.

import type { QueryClient } from '@tanstack/svelte-query';
import { campaignRows, mailingRows, uncertainKey } from '../queries/campaigns';
import { classesKey, classificationKey, customerKey } from '../queries/customers';
import { refreshAll, type ListKind } from '../queries/list';
import { orderRows, requestsKey } from '../queries/orders';
import { rankingKey, reportRows, summaryKey, type ReportRow } from '../queries/report';
import { rowChanged, rowGone } from '../queries/rows';
import { soon } from '../queries/soon';

/** A change of a row of a read model, or of any of its rows. */
export interface Change {
  endpoint: string;
  readModel: string;
  changeKind: 'all' | 'addRow' | 'updateRow' | 'deleteRow';
  rowId?: string;
  /** The row as it is now. */
  details?: unknown;
}

/** Sums over everything are more work than others, in milliseconds between two of them. */
const SUMS = 1_000;
const RANKING = 3_000;

/** Brings what is shown up to date with a change. */
export function apply(client: QueryClient, change: Change): void {
  const id = change.changeKind === 'all' ? undefined : change.rowId;
  switch (`${change.endpoint}/${change.readModel}`) {
    case 'customer-report/customers':
      list(client, reportRows, change, change.details as ReportRow | undefined);
      // Only a whole read model anew changes the past.
      soon(client, id === undefined ? summaryKey : [...summaryKey, null], { pause: SUMS });
      soon(client, id === undefined ? rankingKey : [...rankingKey, null], { pause: RANKING });
      break;
    case 'customers/overview':
      soon(client, id === undefined ? ['customers', 'one'] : customerKey(id));
      break;
    case 'customer-classifier/classification':
      soon(client, id === undefined ? ['customer-classifier', 'one'] : classificationKey(id));
      soon(client, classesKey, { pause: SUMS });
      break;
    case 'orders/overview':
      list(client, orderRows, change);
      break;
    case 'orders/confirmationRequests':
      soon(client, requestsKey);
      break;
    case 'campaigns/campaigns':
      list(client, campaignRows, change);
      soon(client, ['campaigns', 'one']);
      break;
    case 'campaigns/mailings':
      list(client, mailingRows, change);
      soon(client, ['campaigns', 'one']);
      soon(client, uncertainKey);
      soon(client, ['campaigns', 'mails-of']);
      break;
  }
}

function list<Row, Filter>(
  client: QueryClient,
  kind: ListKind<Row, Filter>,
  { changeKind, rowId, details }: Change,
  row?: Row,
): void {
  if (changeKind === 'all' || rowId === undefined) refreshAll(client, kind.key);
  else if (changeKind === 'deleteRow') rowGone(client, kind, rowId);
  else rowChanged(client, kind, rowId, { row, details, isNew: changeKind === 'addRow' });
}
