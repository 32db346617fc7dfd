// Where pages are that others lead to.

/** The page with the life of an aggregate. */
export function timelineOf(aggregate: string, id: string): string {
  return `/aggregates/${aggregate}/${encodeURIComponent(id)}`;
}

/** The page with all that one request set off. */
export function causationOf(correlationId: string): string {
  return `/causation/${encodeURIComponent(correlationId)}`;
}
