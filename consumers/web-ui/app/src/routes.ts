import type { Component } from 'svelte';
import type { IconName } from './components/Icon.svelte';

/** Most pages are of nothing particular, and take no parameters. */
export type Page = Component<{ params: Record<string, string> }> | Component<Record<string, never>>;

export interface Route {
  /** Such as `/customers/:id`. */
  path: string;
  /** Each page is a file of its own, read when it is first shown. */
  page: () => Promise<{ default: Page }>;
  /** Its place in the navigation. */
  nav?: { group: Group; label: string; icon: IconName };
}

/** Groups of the navigation, in this order; one without pages is not shown. */
export const GROUPS = ['Work', 'Operate'] as const;
export type Group = (typeof GROUPS)[number];

/** The pages. */
export const ROUTES: readonly Route[] = [
  {
    path: '/customers',
    page: () => import('./pages/Customers.svelte'),
    nav: { group: 'Work', label: 'Customers', icon: 'people' },
  },
  { path: '/customers/:id', page: () => import('./pages/Customer.svelte') },
  {
    path: '/orders',
    page: () => import('./pages/Orders.svelte'),
    nav: { group: 'Work', label: 'Orders', icon: 'box' },
  },
  {
    path: '/confirmations',
    page: () => import('./pages/Confirmations.svelte'),
    nav: { group: 'Work', label: 'Confirmations', icon: 'check' },
  },
  {
    path: '/report',
    page: () => import('./pages/Report.svelte'),
    nav: { group: 'Work', label: 'Customer report', icon: 'chart' },
  },
  {
    path: '/campaigns',
    page: () => import('./pages/Campaigns.svelte'),
    nav: { group: 'Work', label: 'Campaigns', icon: 'mail' },
  },
  { path: '/campaigns/:id', page: () => import('./pages/Campaign.svelte') },
  {
    path: '/overview',
    page: () => import('./pages/Overview.svelte'),
    nav: { group: 'Operate', label: 'Overview', icon: 'pulse' },
  },
  {
    path: '/events',
    page: () => import('./pages/Events.svelte'),
    nav: { group: 'Operate', label: 'Events', icon: 'list' },
  },
  {
    path: '/catalogue',
    page: () => import('./pages/Catalogue.svelte'),
    nav: { group: 'Operate', label: 'Event catalogue', icon: 'book' },
  },
  { path: '/catalogue/:type', page: () => import('./pages/Message.svelte') },
  {
    path: '/causation',
    page: () => import('./pages/Causation.svelte'),
    nav: { group: 'Operate', label: 'Causation', icon: 'sequence' },
  },
  { path: '/causation/:id', page: () => import('./pages/Causation.svelte') },
  {
    path: '/consumers',
    page: () => import('./pages/Consumers.svelte'),
    nav: { group: 'Operate', label: 'Consumers', icon: 'layers' },
  },
  { path: '/consumers/:name', page: () => import('./pages/Consumer.svelte') },
  { path: '/aggregates/:type/:id', page: () => import('./pages/Aggregate.svelte') },
];

/** The first page of whoever comes without naming one. */
export const START = '/customers';
