import { router } from './router.svelte';

/** Where lists were left, by what they list: none is kept beyond the visit. */
const places = new Map<string, number>();

/** Notes how far somebody has scrolled. */
export function leavePlace(list: string | undefined, top: number): void {
  if (list !== undefined) places.set(list, top);
}

/** How far a list was scrolled, for somebody who comes back to it by the history; else 0. */
export function placeIn(list: string): number {
  return router.isRevisited ? (places.get(list) ?? 0) : 0;
}
