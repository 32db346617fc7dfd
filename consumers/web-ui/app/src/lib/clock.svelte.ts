import { createSubscriber } from 'svelte/reactivity';

const subscribe = createSubscriber((update) => {
  const timer = setInterval(update, 1_000);
  return () => clearInterval(timer);
});

/** Now, in milliseconds since 1970; whatever shows it is shown anew each second. */
export function now(): number {
  subscribe();
  return Date.now();
}
