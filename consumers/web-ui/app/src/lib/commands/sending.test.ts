import { describe, expect, it } from 'vitest';
import { Problem } from '../api/problem';
import { Command, commands, type Running } from './commands.svelte';
import { Sending } from './sending.svelte';
import type { Outcome } from './send';

const wish = {
  title: 'Do it',
  done: 'It is done',
  aggregate: 'order',
  call: () => Promise.reject(new Error('not called')),
  see: () => Promise.resolve(),
};

/** A command that ends as said. */
function ending(decided: Promise<Outcome>): Running {
  return { command: new Command(wish), decided, seen: decided.then(() => undefined) };
}

const refused = () => Promise.reject(new Problem(409, { detail: 'no', code: 'rule_violated' }));
const lost = () => Promise.reject(Problem.unreachable());
const done = () => Promise.resolve({ aggregateId: 'o1', token: undefined });

/** The keys that tries of these contents and ends have. */
async function keys(tries: [unknown, () => Promise<Outcome>][]): Promise<string[]> {
  const [dialog, found] = [new Sending(), [] as string[]];
  for (const [content, end] of tries) {
    await dialog.send(content, (key) => {
      found.push(key);
      const running = ending(end());
      running.seen.catch(() => undefined);
      return running;
    });
  }
  return found;
}

describe('what a dialog sends', () => {
  it('has the key of a try before only where nobody knows what became of the same', async () => {
    const order = { value: '10' };
    const [first, again, other, back] = await keys([
      [order, lost],
      [{ ...order }, lost],
      [{ value: '20' }, refused],
      [{ value: '20' }, done],
    ]);
    expect(again).toBe(first);
    expect(new Set([first, other, back]).size).toBe(3);
  });

  it('is said to be refused there, and elsewhere once it is closed', async () => {
    const dialog = new Sending();
    const start = () => {
      const running = ending(refused());
      running.seen.catch(() => undefined);
      return running;
    };
    expect(await dialog.send(1, start)).toBeNull();
    expect(dialog.problem?.code).toBe('rule_violated');
    const pending = dialog.send(2, start);
    dialog.close();
    expect(await pending).toBeNull();
    expect(dialog.problem).toBeNull();
    expect(commands()).toEqual([]);
  });
});
