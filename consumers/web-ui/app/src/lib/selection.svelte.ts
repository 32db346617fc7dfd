import { SvelteSet } from 'svelte/reactivity';

/** Rows that are selected, by their ids. */
export class Selection {
  readonly #ids = new SvelteSet<string>();
  /** Where a range begins that Shift completes. */
  #anchor: string | undefined;

  get size(): number {
    return this.#ids.size;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** The ids, in no order. */
  all(): string[] {
    return [...this.#ids];
  }

  /** Selects or deselects a row; with Shift all from the one before. */
  toggle(ids: readonly string[], index: number, isRange: boolean): void {
    const id = ids[index];
    if (id === undefined) return;
    const isSelected = !this.#ids.has(id);
    const from = isRange && this.#anchor !== undefined ? ids.indexOf(this.#anchor) : -1;
    const range = from < 0 ? [id] : ids.slice(Math.min(from, index), Math.max(from, index) + 1);
    for (const one of range) {
      if (isSelected) this.#ids.add(one);
      else this.#ids.delete(one);
    }
    this.#anchor = id;
  }

  /** Selects all of these, or none when all are selected. */
  toggleAll(ids: readonly string[]): void {
    const areSelected = ids.every((id) => this.#ids.has(id));
    this.#ids.clear();
    if (!areSelected) ids.forEach((id) => this.#ids.add(id));
  }

  remove(id: string): void {
    this.#ids.delete(id);
  }

  clear(): void {
    this.#ids.clear();
    this.#anchor = undefined;
  }
}
