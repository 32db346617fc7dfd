// The changes that the services tell of, in one stream for the whole page.

import type { QueryClient } from '@tanstack/svelte-query';
import { start } from '../api/start';
import { requireLogin } from '../session.svelte';
import { hearing } from './hearing';
import { follow, type Place } from './stream';

/** The read models that the pages show. */
const MODELS = [
  'campaigns/campaigns',
  'campaigns/mailings',
  'customer-classifier/classification',
  'customer-report/customers',
  'customers/overview',
  'orders/confirmationRequests',
  'orders/overview',
];

/** How long a hidden page goes on to listen, in milliseconds. */
const HIDDEN = 20_000;

interface Live {
  isOpen: boolean;
  /** Since when it is not, in milliseconds since 1970. */
  closedSince: number;
  /** The status of the last answer that was no stream; 0 when there was none. */
  status: number;
}

export const live = $state<Live>({ isOpen: false, closedSince: Date.now(), status: 0 });

/** Where the page stands among the changes, also when somebody has logged in again. */
const place: Place = {};

/**
 * Keeps the query cache up to date while the page is seen. A page in the background gives its
 * connection back, since a browser has few of them for all tabs, and goes on where it stood when it
 * is looked at again.
 */
export function keepLive(client: QueryClient): () => void {
  const stop = new AbortController();
  const url = `/s/change-notifier/v1/changes?models=${MODELS.join(',')}`;
  const gate = visible(stop.signal);
  const follower = hearing(client, start, {
    onOpen() {
      live.isOpen = true;
    },
    onClosed(status: number) {
      if (live.isOpen) live.closedSince = Date.now();
      live.isOpen = false;
      live.status = status;
      if (status === 401) requireLogin();
    },
  });
  void follow(url, place, follower, stop.signal, gate);
  return () => {
    stop.abort();
    // Whoever logs in reads everything anew.
    if (!place.last) start.again();
  };
}

/** Says whether the page is seen, and when it is not any more. */
function visible(stop: AbortSignal) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pause = new AbortController();
  let waiting: (() => void)[] = [];
  const changed = () => {
    clearTimeout(timer);
    if (document.hidden) {
      timer = setTimeout(() => pause.abort(), HIDDEN);
      return;
    }
    if (pause.signal.aborted) pause = new AbortController();
    waiting.forEach((go) => go());
    waiting = [];
  };
  document.addEventListener('visibilitychange', changed, { signal: stop });
  // A tab may be opened in the background.
  changed();
  return {
    /** Ends the connection of a page that is hidden for long. */
    signal: () => pause.signal,
    /** Waits until the page is seen. */
    open: () =>
      pause.signal.aborted ? new Promise<void>((go) => waiting.push(go)) : Promise.resolve(),
  };
}
