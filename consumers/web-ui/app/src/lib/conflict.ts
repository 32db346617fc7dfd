// Two have changed the same thing: what each of its fields was, is by them, and is by me.

export interface Difference<Field extends string> {
  field: Field;
  was: string;
  theirs: string;
  mine: string;
  /** Both have changed it, and not to the same. */
  isContested: boolean;
  /** What is taken unless somebody chooses: what one alone has changed. */
  taken: 'mine' | 'theirs';
}

/** The fields that are not the same for all, in their order. */
export function differences<Field extends string>(
  was: Record<Field, string>,
  theirs: Record<Field, string>,
  mine: Record<Field, string>,
): Difference<Field>[] {
  const fields = Object.keys(was) as Field[];
  return fields.flatMap((field) => {
    const values = { was: was[field], theirs: theirs[field], mine: mine[field] };
    if (values.mine === values.theirs) return [];
    const [byThem, byMe] = [values.theirs !== values.was, values.mine !== values.was];
    return [{ field, ...values, isContested: byThem && byMe, taken: byMe ? 'mine' : 'theirs' }];
  });
}
