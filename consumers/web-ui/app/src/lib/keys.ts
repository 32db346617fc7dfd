/** A row in sight. */
export interface InSight<Row> {
  index: number;
  row: Row;
  id: string;
  key: string;
}

/**
 * The rows in sight, each with a key: wherever a row moves to, its elements move along, so that a
 * press meets the row that it was meant for. A row may be listed twice for a moment, when it moved
 * to a page that was read later: then the one below has a key of its own.
 */
export function inSight<Row>(
  rows: readonly Row[],
  indexes: readonly number[],
  id: (row: Row) => string,
): InSight<Row>[] {
  const known = new Set<string>();
  return indexes.flatMap((index) => {
    const row = rows[index];
    if (row === undefined) return [];
    const name = id(row);
    const key = known.has(name) ? `${name} ${index}` : name;
    known.add(name);
    return [{ index, row, id: name, key }];
  });
}
