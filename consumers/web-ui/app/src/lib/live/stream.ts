// A stream of server-sent events over `fetch`. The browser's own EventSource gives up for good when
// a proxy answers 502 for a moment, and a new one cannot say where the old one stood.

export interface ServerEvent {
  event: string;
  data: string;
}

/** Splits the text of a stream into its events; returns what takes the next piece of text. */
export function parser(onEvent: (event: ServerEvent) => void, onId: (id: string) => void) {
  let rest = '';
  let event = '';
  let data: string[] = [];
  const line = (text: string) => {
    if (text === '') {
      // An event without data sets the id, and nothing else.
      if (data.length > 0) onEvent({ event: event || 'message', data: data.join('\n') });
      event = '';
      data = [];
      return;
    }
    const colon = text.indexOf(':');
    if (colon === 0) return;
    const name = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? '' : text.slice(colon + 1).replace(/^ /, '');
    if (name === 'event') event = value;
    else if (name === 'data') data.push(value);
    else if (name === 'id') onId(value);
  };
  return (piece: string) => {
    const lines = (rest + piece).split(/\r\n|\n|\r/);
    rest = lines.pop() ?? '';
    lines.forEach(line);
  };
}

export interface Follower {
  /** The stream begins: where it stood, or, when it stood nowhere, now. */
  onOpen(isResumed: boolean): void;
  onEvent(event: ServerEvent): void;
  /** The stream ended, or did not begin; with the status of the answer, 0 without one. */
  onClosed(status: number): void;
}

/** A stream that says nothing for so long is taken for dead, in milliseconds: it has heartbeats. */
const SILENCE = 40_000;

/** First pause before another try, and the longest one. */
const PAUSES = [1_000, 10_000] as const;

/** Where a follower stands in a stream: the id of the last event. */
export interface Place {
  last?: string | undefined;
}

/** Lets a connection be, or makes it wait. */
export interface Gate {
  /** Waits until there may be one. */
  open(): Promise<void>;
  /** Ends the one that there is. */
  signal(): AbortSignal;
}

/** Follows a stream from a place until the signal; comes back to where it stood. */
export async function follow(
  url: string,
  place: Place,
  follower: Follower,
  stop: AbortSignal,
  gate: Gate,
): Promise<void> {
  let pause: number = PAUSES[0];
  const opened = (isResumed: boolean) => {
    pause = PAUSES[0];
    follower.onOpen(isResumed);
  };
  while (!stop.aborted) {
    await gate.open();
    const until = AbortSignal.any([stop, gate.signal()]);
    const passing = { ...follower, onOpen: opened };
    const status = await once(url, place, passing, until);
    if (stop.aborted) return;
    if (gate.signal().aborted) continue;
    // It stood nowhere in this log.
    if (status === 400) place.last = undefined;
    follower.onClosed(status);
    await sleep(pause, stop);
    pause = Math.min(pause * 2, PAUSES[1]);
  }
}

async function once(
  url: string,
  place: Place,
  follower: Follower,
  stop: AbortSignal,
): Promise<number> {
  const dead = new AbortController();
  let timer = setTimeout(() => dead.abort(), SILENCE);
  try {
    const headers: HeadersInit = { accept: 'text/event-stream' };
    if (place.last) headers['last-event-id'] = place.last;
    const signal = AbortSignal.any([stop, dead.signal]);
    const answer = await fetch(url, { headers, signal, cache: 'no-store' });
    if (!answer.ok || !answer.body) return answer.status;
    follower.onOpen(Boolean(place.last));
    const take = parser(
      (event) => follower.onEvent(event),
      (id) => (place.last = id),
    );
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return 0;
      clearTimeout(timer);
      timer = setTimeout(() => dead.abort(), SILENCE);
      take(value);
    }
  } catch {
    return 0;
  } finally {
    clearTimeout(timer);
  }
}

function sleep(milliseconds: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    stop.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
