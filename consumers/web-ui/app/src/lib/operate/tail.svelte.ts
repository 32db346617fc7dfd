// Records as they come, the newest first, on top of as many older ones as somebody asks for.

import { asProblem, pause } from '../api/problem';
import { readEvents, type EventFilter } from './events';
import { notBelow, sorted, without } from './news';
import { LOOK, whileSeen } from './poll';
import type { Seen } from './seen';

const PAGE = 50;

/** Most new records that one look finds; when there are more, the list begins anew. */
const NEW = 200;

/** Clocks of different machines may differ by this much, in milliseconds. */
const SKEW = 60_000;

export class Tail {
  readonly #filter: EventFilter;
  /** Those that are listed; undefined until the first page is there. */
  data = $state.raw<readonly Seen[] | undefined>(undefined);
  /** Those that have come while nobody wanted to be disturbed. */
  waiting = $state.raw<readonly Seen[]>([]);
  /** So many have come that there is a gap between the waiting ones and those listed. */
  isGap = $state(false);
  /** New ones wait, instead of being listed at once. */
  isHeld = $state(false);
  error = $state.raw<unknown>(null);
  failureReason = $state.raw<unknown>(null);
  isReading = $state(false);
  /** Older ones are from here on; null when there are none. */
  next = $state<string | null>(null);
  /** The last page had nothing: the search goes on only when somebody wants it to. */
  isRare = $state(false);
  /** Why older ones could not be read: they are read again only when somebody wants it. */
  olderProblem = $state.raw<unknown>(null);
  /** The list begins anew with the next look. */
  #isStale = false;

  constructor(filter: EventFilter) {
    this.#filter = filter;
  }

  /** Looks for new records until what is returned is called. */
  follow(): () => void {
    let tries = 0;
    let notBefore = 0;
    return whileSeen(LOOK, async (stop) => {
      if (Date.now() < notBefore || this.error) return;
      try {
        await (this.data === undefined || this.#isStale ? this.#first(stop) : this.#look(stop));
        this.failureReason = null;
        tries = 0;
      } catch (error) {
        const problem = asProblem(error);
        if (!problem) return;
        this.failureReason = error;
        notBefore = Date.now() + pause(tries++, problem);
        // What is listed stays: that new ones do not come is told by `failureReason`. A server that
        // has failed may do better; what it refuses waits for somebody to do something about it.
        if (problem.status >= 400 && problem.status < 500 && !problem.isTemporary) {
          this.error = error;
        }
      }
    });
  }

  /** Looks again, after what it was refused for has been done. */
  refetch(): void {
    this.error = null;
    this.failureReason = null;
    this.olderProblem = null;
  }

  async #first(stop: AbortSignal): Promise<void> {
    const page = await readEvents(this.#filter, PAGE, stop);
    this.data = page.records;
    this.next = page.next;
    this.isRare = page.records.length === 0;
    this.#isStale = false;
  }

  async #look(stop: AbortSignal): Promise<void> {
    const page = await readEvents({ ...this.#filter, since: this.#since() }, NEW, stop);
    const listed = this.data ?? [];
    const unknown = without(page.records, [...listed, ...this.waiting]);
    const fresh = this.next === null ? unknown : notBelow(unknown, listed);
    if (fresh.length === 0) return;
    this.isGap ||= unknown.length === NEW;
    this.waiting = sorted(this.isGap ? fresh : [...fresh, ...this.waiting]);
    if (!this.isHeld) this.show();
  }

  /**
   * From where on new ones are looked for: without it, each look for something rare would read the
   * log down to where it has enough.
   */
  #since(): string {
    const newest = (this.waiting[0] ?? this.data?.[0])?.time;
    const from = newest === undefined ? Date.now() - 10 * SKEW : Date.parse(newest) - SKEW;
    const wanted = this.#filter.since ? Date.parse(this.#filter.since) : 0;
    return new Date(Math.max(from, wanted)).toISOString();
  }

  /** Lists those that wait; behind a gap, all anew. */
  show(): void {
    if (this.isGap) this.#isStale = true;
    else this.data = sorted([...this.waiting, ...(this.data ?? [])]);
    this.waiting = [];
    this.isGap = false;
  }

  /** Lists older ones. */
  async more(): Promise<void> {
    const { next } = this;
    if (next === null || this.isReading) return;
    this.isReading = true;
    this.olderProblem = null;
    try {
      const page = await readEvents(this.#filter, PAGE, new AbortController().signal, next);
      // It began anew meanwhile.
      if (this.next !== next) return;
      const listed = this.data ?? [];
      this.data = [...listed, ...without(page.records, [...listed, ...this.waiting])];
      this.next = page.next;
      this.isRare = page.records.length === 0;
    } catch (error) {
      this.olderProblem = error;
    } finally {
      this.isReading = false;
    }
  }
}
