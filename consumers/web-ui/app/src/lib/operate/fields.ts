// Fields of records and states, however deep, each under its path.

export interface FieldLine {
  /** Such as `lines.0.value`. */
  path: string;
  text: string;
}

/** All fields of a value; lists and objects that have none are fields themselves. */
export function fieldsOf(value: unknown, path = ''): FieldLine[] {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (entries.length > 0) {
    return entries.flatMap(([name, inner]) => fieldsOf(inner, path ? `${path}.${name}` : name));
  }
  if (path === '') return [];
  return [{ path, text: typeof value === 'string' ? value : JSON.stringify(value) }];
}

export interface Difference {
  path: string;
  /** Absent where there was no such field. */
  before: string | undefined;
  after: string | undefined;
  isChanged: boolean;
}

/** Two states field by field, in the order of the later one; what is gone comes last. */
export function compare(before: unknown, after: unknown): Difference[] {
  const was = new Map(fieldsOf(before).map(({ path, text }) => [path, text]));
  const is = new Map(fieldsOf(after).map(({ path, text }) => [path, text]));
  const paths = new Set([...is.keys(), ...was.keys()]);
  return [...paths].map((path) => {
    const [old, now] = [was.get(path), is.get(path)];
    return { path, before: old, after: now, isChanged: old !== now };
  });
}
