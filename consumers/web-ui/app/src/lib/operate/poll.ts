/** Nothing is asked for more often than this, in milliseconds. */
export const LOOK = 2_000;

/**
 * Does something again and again while the page is seen, each time so many milliseconds after it
 * was done; returns what ends that. What fails is tried again like everything else.
 */
export function whileSeen(
  pause: number,
  work: (stop: AbortSignal) => Promise<unknown>,
): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  const loop = async () => {
    while (!signal.aborted) {
      await seen(signal);
      if (signal.aborted) return;
      await work(signal).catch(() => {});
      await sleep(pause, signal);
    }
  };
  void loop();
  return () => stop.abort();
}

function seen(stop: AbortSignal): Promise<void> {
  if (!document.hidden || stop.aborted) return Promise.resolve();
  return new Promise((go) => {
    const changed = () => {
      if (document.hidden && !stop.aborted) return;
      document.removeEventListener('visibilitychange', changed);
      go();
    };
    document.addEventListener('visibilitychange', changed);
    stop.addEventListener('abort', changed, { once: true });
  });
}

function sleep(milliseconds: number, stop: AbortSignal): Promise<void> {
  return new Promise((go) => {
    const done = () => {
      clearTimeout(timer);
      stop.removeEventListener('abort', done);
      go();
    };
    const timer = setTimeout(done, milliseconds);
    stop.addEventListener('abort', done);
  });
}
