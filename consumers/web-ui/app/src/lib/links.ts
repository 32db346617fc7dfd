// Where pages are that others lead to.

/** The page with the life of an aggregate. */
export function timelineOf(aggregate: string, id: string): string {
  return `/aggregates/${aggregate}/${encodeURIComponent(id)}`;
}

/** The page with all that one request set off. */
export function causationOf(correlationId: string): string {
  return `/causation/${encodeURIComponent(correlationId)}`;
}

/** The page that says what a type of messages is. */
export function messageOf(type: string): string {
  return `/catalogue/${encodeURIComponent(type)}`;
}

/** The records of a type, as they come. */
export function eventsOf(topic: string, type: string): string {
  return `/events?${new URLSearchParams({ topic, type })}`;
}
