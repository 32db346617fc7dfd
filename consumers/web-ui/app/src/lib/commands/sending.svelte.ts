// What a dialog sends: one command at a time. Why it came to nothing is said in the dialog, where it
// can be mended; once that is closed, where all commands are told of.

import { onDestroy } from 'svelte';
import { asProblem, type Problem } from '../api/problem';
import { dismiss, type Running } from './commands.svelte';
import { newKey, type Outcome } from './send';

export class Sending {
  isSending = $state(false);
  /** Why the last try came to nothing. */
  problem = $state.raw<Problem | null>(null);
  #isOpen = true;
  /** The last try, when nobody knows what became of it. */
  #unknown: { content: string; key: string } | null = null;

  /**
   * Sends a command that says `content`; null when nothing came of it, or the dialog was closed. The
   * same content after a try of unknown end has the same Idempotency-Key: it is done once.
   */
  async send(content: unknown, start: (key: string) => Running): Promise<Outcome | null> {
    const said = JSON.stringify(content);
    const key = this.#unknown?.content === said ? this.#unknown.key : newKey();
    this.isSending = true;
    this.problem = null;
    const running = start(key);
    try {
      const outcome = await running.decided;
      return this.#isOpen ? outcome : null;
    } catch (error) {
      const problem = asProblem(error);
      this.#unknown = problem?.isTemporary ? { content: said, key } : null;
      if (this.#isOpen) {
        dismiss(running.command);
        this.problem = problem;
      }
      return null;
    } finally {
      this.isSending = false;
    }
  }

  /** The dialog is closed. */
  close(): void {
    this.#isOpen = false;
  }
}

/** Of the component that asks. */
export function sending(): Sending {
  const one = new Sending();
  onDestroy(() => one.close());
  return one;
}
