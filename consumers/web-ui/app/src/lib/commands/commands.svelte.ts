// Commands of this page on their way: pending until their own read model shows them, or taken back
// with the problem's text.

import { hold } from '../api/fresh';
import { Problem, asProblem, pause } from '../api/problem';
import { sleep } from '../sleep';
import { decide, newKey, type Call, type Outcome } from './send';

/** What is wished, and how it is seen that it has happened. */
export interface Wish {
  /** For people, such as `Confirm order 17`. */
  title: string;
  /** For people, once it is so, such as `Order 17 is confirmed`. */
  done: string;
  /** Aggregate type, and id where it is known before. */
  aggregate: string;
  id?: string;
  /** What is shown of the aggregate meanwhile. */
  patch?: Record<string, unknown>;
  call: Call;
  /** Reads what the command has changed, with the token that waits for it. */
  see(outcome: Outcome): Promise<unknown>;
}

/** Where a command stands. */
export type Phase = 'sent' | 'decided' | 'seen' | 'refused';

/** How long one that is done stays in sight, in milliseconds. */
const IN_SIGHT = 4_000;

let last = 0;

export class Command {
  readonly number = ++last;
  readonly since = Date.now();
  readonly wish: Wish;
  phase = $state<Phase>('sent');
  problem = $state.raw<Problem | null>(null);
  /** Explains a problem in the words of the page. */
  note = $state<string | null>(null);
  /** The aggregate, as soon as its id is known. */
  id = $state<string | undefined>(undefined);

  constructor(wish: Wish) {
    this.wish = wish;
    this.id = wish.id;
  }

  get isPending(): boolean {
    return this.phase === 'sent' || this.phase === 'decided';
  }
}

let all = $state.raw<readonly Command[]>([]);

/** All commands in sight, oldest first. */
export function commands(): readonly Command[] {
  return all;
}

/** The commands of an aggregate that are on their way, oldest first. */
export function pendingOf(aggregate: string, id: string): Command[] {
  return all.filter((one) => one.isPending && one.wish.aggregate === aggregate && one.id === id);
}

/** A row as it will be once the commands on their way have arrived. */
export function expected<Row extends object>(aggregate: string, id: string, row: Row): Row {
  const patches = pendingOf(aggregate, id).map(({ wish }) => wish.patch ?? {});
  return patches.length === 0 ? row : Object.assign({}, row, ...patches);
}

/** Takes a command out of sight. */
export function dismiss(command: Command): void {
  all = all.filter((one) => one !== command);
}

/** Where a command is up to now. */
export interface Running {
  command: Command;
  /** Its outcome: throws the problem when it is refused. */
  decided: Promise<Outcome>;
  /** Ends when its read model shows it. */
  seen: Promise<void>;
}

/** Sends a command under its Idempotency-Key, and keeps it in sight until it is seen. */
export function run(wish: Wish, key = newKey()): Running {
  const command = new Command(wish);
  all = [...all, command];
  const decided = decide(wish.call, key).then((outcome) => {
    command.id = outcome.aggregateId;
    command.phase = 'decided';
    if (outcome.token) hold(outcome.token);
    return outcome;
  });
  const seen = decided.then(async (outcome) => {
    await see(wish, outcome);
    command.phase = 'seen';
    setTimeout(() => dismiss(command), IN_SIGHT);
  });
  seen.catch((error: unknown) => {
    command.problem = asProblem(error);
    command.phase = 'refused';
  });
  return { command, decided, seen };
}

/** Reads until the read model shows the command. Whoever is away is waited for. */
async function see(wish: Wish, outcome: Outcome): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await wish.see(outcome);
      return;
    } catch (error) {
      const problem = asProblem(error);
      if (!problem?.isTemporary) throw error;
      await sleep(pause(tries, problem));
    }
  }
}

/** Since when the oldest decided command is not seen; null when all are. */
export function unseenSince(): number | null {
  return all.find(({ phase }) => phase === 'decided')?.since ?? null;
}
