// What the page does about the stream of changes.

import type { QueryClient } from '@tanstack/svelte-query';
import type { Start } from '../api/start';
import { refreshEverything } from '../queries/list';
import { apply, type Change } from './apply';
import type { Follower } from './stream';

/** Hears of the stream. */
export interface Hearer {
  onOpen(): void;
  onClosed(status: number): void;
}

/** Brings what is shown up to date with a stream of changes. */
export function hearing(client: QueryClient, start: Start, hearer: Hearer): Follower {
  let isResumed = false;
  return {
    onOpen(resumed) {
      isResumed = resumed;
    },
    onEvent({ event, data }) {
      if (event === 'ready') {
        const mayBeOld = start.heard();
        // Nobody told what has changed before.
        if (mayBeOld && !isResumed) refreshEverything(client);
        hearer.onOpen();
      }
      if (event === 'change') apply(client, JSON.parse(data) as Change);
      if (event === 'reload') refreshEverything(client);
    },
    onClosed(status) {
      start.giveUp();
      hearer.onClosed(status);
    },
  };
}
