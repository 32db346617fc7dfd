/** Rows that are selected, by their ids. There may be very many: one value tells of all. */
export class Selection {
  #ids = $state.raw<ReadonlySet<string>>(new Set());
  /** Where a range begins that Shift completes. */
  #anchor: string | undefined;

  get size(): number {
    return this.#ids.size;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Whether these are all selected. */
  hasAll(ids: readonly string[]): boolean {
    return ids.length <= this.#ids.size && ids.every((id) => this.#ids.has(id));
  }

  /** Selects or deselects a row; with Shift all from the one before. */
  toggle(ids: readonly string[], index: number, isRange: boolean): void {
    const id = ids[index];
    if (id === undefined) return;
    const isSelected = !this.#ids.has(id);
    const from = isRange && this.#anchor !== undefined ? ids.indexOf(this.#anchor) : -1;
    const range = from < 0 ? [id] : ids.slice(Math.min(from, index), Math.max(from, index) + 1);
    const next = new Set(this.#ids);
    for (const one of range) {
      if (isSelected) next.add(one);
      else next.delete(one);
    }
    this.#ids = next;
    this.#anchor = id;
  }

  /** Selects all of these, or none when all are selected. */
  toggleAll(ids: readonly string[]): void {
    this.#ids = new Set(this.hasAll(ids) ? [] : ids);
  }

  /** Keeps those of which this is true. */
  keep(isKept: (id: string) => boolean): void {
    const next = new Set([...this.#ids].filter(isKept));
    if (next.size < this.#ids.size) this.#ids = next;
  }

  clear(): void {
    this.#ids = new Set();
    this.#anchor = undefined;
  }
}
