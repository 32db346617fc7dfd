import { asProblem, type Problem } from '../api/problem';

/** What is known of an answer. */
export interface Asking {
  data: unknown;
  error: unknown;
  /** Why the last try failed, while it is tried again. */
  failureReason: unknown;
  /** Whether the data are what was asked for before; absent where the asker marks old data itself. */
  isPlaceholderData?: boolean;
}

/** How an answer is shown. */
export type Look =
  /** There is nothing yet. */
  | 'reading'
  /** There is nothing yet, and it has failed; it is tried again. */
  | 'waiting'
  /** There is nothing, and it is not tried again. */
  | 'failed'
  /** There is what was asked for before, until the answer is there. */
  | 'former'
  /** There is what was known last: to read it anew has failed. */
  | 'old'
  /** There it is. */
  | 'shown';

/** How an answer is to be shown, and what is wrong with it. */
export function lookOf(asking: Asking): { look: Look; problem: Problem | null } {
  const { data, error, failureReason, isPlaceholderData: isFormer } = asking;
  const reason = error ?? failureReason;
  const problem = reason ? asProblem(reason) : null;
  if (data === undefined || (isFormer && problem)) {
    // Under a new heading, what was asked for before would pass for the answer.
    return { look: problem ? (error ? 'failed' : 'waiting') : 'reading', problem };
  }
  if (isFormer) return { look: 'former', problem };
  return { look: problem && isFormer !== undefined ? 'old' : 'shown', problem };
}
