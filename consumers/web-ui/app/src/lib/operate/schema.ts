import { queryOptions } from '@tanstack/svelte-query';
import { ask } from './ask';

/** Where a schema is registered. */
export interface Use {
  topic: string;
  subject: string;
  version: number;
}

/** What the registry says of the schema that a record names. Ids are never given twice. */
export function schema(id: number) {
  return queryOptions({
    queryKey: ['operator', 'schema', id],
    queryFn: async ({ signal }) =>
      (await ask<{ uses: Use[] }>('operator', `/v1/schemas/${id}`, { signal })).uses,
  });
}

/** A schema in the words of the registry, as far as it is known. */
export function told(id: number | null, topic: string | null, uses: readonly Use[] = []): string {
  if (id === null) return 'none';
  const use = uses.find((one) => one.topic === topic);
  return use ? `id ${id}, version ${use.version} of ${use.subject}` : `id ${id}`;
}
