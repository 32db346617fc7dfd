// What is read before changes are heard of may be old without anybody telling, and has to be read
// again. So that a page which opens does not read everything twice, its first queries let the
// stream of changes begin first. They wait for a moment only: it may be away.

/** How long queries wait for the stream of changes, in milliseconds: nobody sees that. */
const PATIENCE = 150;

export class Start {
  #isWaiting = true;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waiting: (() => void)[] = [];

  /** Waits until something may be read. */
  mayRead(): Promise<void> {
    if (!this.#isWaiting) return Promise.resolve();
    this.#timer ??= setTimeout(() => this.giveUp(), PATIENCE);
    return new Promise((go) => this.#waiting.push(go));
  }

  /** Changes are heard of from now on; says whether something may have been read before. */
  heard(): boolean {
    const mayBeOld = !this.#isWaiting;
    this.giveUp();
    return mayBeOld;
  }

  /** There is nothing to wait for. */
  giveUp(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isWaiting = false;
    this.#waiting.forEach((go) => go());
    this.#waiting = [];
  }

  /** Nothing that was read is left: all begins anew. */
  again(): void {
    this.#isWaiting = true;
  }
}

/** The one of this page. */
export const start = new Start();
