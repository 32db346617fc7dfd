import { sleep } from '../sleep';

/** What is wanted within so many milliseconds is done once: it often comes in groups. */
const GATHER = 20;

/**
 * Does something as often as it is wanted: at once when it is wanted for the first time, and while
 * it goes on being wanted once in a pause of so many milliseconds, but never twice at a time.
 */
export function paced(
  pause: number,
  work: () => unknown,
  atRest: () => void = () => undefined,
): () => void {
  let isWanted = false;
  let isRunning = false;
  const run = async () => {
    try {
      while (isWanted) {
        await sleep(GATHER);
        isWanted = false;
        await Promise.all([work(), sleep(pause)]);
      }
    } finally {
      isRunning = false;
      atRest();
    }
  };
  return () => {
    isWanted = true;
    if (isRunning) return;
    isRunning = true;
    void run();
  };
}
