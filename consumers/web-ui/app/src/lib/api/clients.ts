// One typed client for each service, all behind this page's own origin.

import createClient, { type Middleware } from 'openapi-fetch';
import type { paths as CampaignPaths } from '../../../openapi/campaigns';
import type { paths as CommandPaths } from '../../../openapi/command-api';
import type { paths as ClassifierPaths } from '../../../openapi/customer-classifier';
import type { paths as ReportPaths } from '../../../openapi/customer-report';
import type { paths as CustomerPaths } from '../../../openapi/customers';
import type { paths as MailPaths } from '../../../openapi/email-campaign';
import type { paths as OrderPaths } from '../../../openapi/orders';
import type { paths as TokenPaths } from '../../../openapi/tokens';
import { answering, failing } from './health.svelte';
import { Problem, asProblem } from './problem';
import { seen, wanted } from './fresh';
import { start } from './start';
import { requireLogin } from '../session.svelte';

const TOKEN = 'oneway-token';

/** How long a query waits for the tokens that it carries, unless it says so itself. */
const WAIT = 'wait=5';

/** Services that build a read model of the log; whatever they are asked may wait for it. */
const READING = new Set([
  'campaigns',
  'customer-classifier',
  'customer-report',
  'customers',
  'email-campaign',
  'orders',
]);

/** Has queries begin when they may, adds tokens to them, and notes how a service does. */
function watching(service: string): Middleware {
  return {
    async onRequest({ request }) {
      if (!READING.has(service)) return;
      await start.mayRead();
      const own = request.headers.get(TOKEN);
      const tokens = [...(own ? [own] : []), ...wanted(service)];
      if (tokens.length === 0) return;
      request.headers.set(TOKEN, tokens.join(','));
      if (!request.headers.has('prefer')) request.headers.set('prefer', WAIT);
      return request;
    },
    async onResponse({ request, response }) {
      if (response.status === 401) requireLogin();
      const problem = response.ok ? null : await problemOf(response);
      if (problem?.isOutage) {
        failing(service, problem);
        return;
      }
      answering(service);
      const tokens = request.headers.get(TOKEN);
      if (response.ok && tokens) seen(service, tokens.split(','));
    },
    onError({ error }) {
      const problem = asProblem(error);
      if (problem?.isOutage) failing(service, problem);
    },
  };
}

async function problemOf(response: Response): Promise<Problem> {
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => null);
  return Problem.of(response, body);
}

function client<Paths extends object>(service: string) {
  const made = createClient<Paths>({ baseUrl: `/s/${service}` });
  made.use(watching(service));
  return made;
}

export const campaigns = client<CampaignPaths>('campaigns');
export const classifier = client<ClassifierPaths>('customer-classifier');
export const commandApi = client<CommandPaths>('command-api');
export const customers = client<CustomerPaths>('customers');
export const mails = client<MailPaths>('email-campaign');
export const orders = client<OrderPaths>('orders');
export const report = client<ReportPaths>('customer-report');

/** Installations whose tokens come from elsewhere do without this one. */
export const tokens = createClient<TokenPaths>({ baseUrl: '/s/tokens' });

/** What a client makes of an answer. */
export interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The data of an answer; throws a problem when there is none. */
export async function take<T>(asked: Promise<Answer<T>>): Promise<NonNullable<T>> {
  let answer;
  try {
    answer = await asked;
  } catch (error) {
    throw asProblem(error) ?? error;
  }
  const { data, error, response } = answer;
  if (!response.ok || error !== undefined) throw Problem.of(response, error);
  return data as NonNullable<T>;
}
