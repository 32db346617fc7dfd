// Paths of the History API. Pages put ids and choices into the query string, never what somebody
// types: addresses end up in histories, logs and chats.

interface Place {
  path: string;
  query: URLSearchParams;
}

function here(): Place {
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}

let place = $state.raw<Place>(here());

/** True after the reader has gone back or forth in the history of the browser. */
let isRevisited = false;

/** Where the reader is. */
export const router = {
  get path() {
    return place.path;
  },
  get query() {
    return place.query;
  },
  get isRevisited() {
    return isRevisited;
  },
};

/** Goes to another page. */
export function go(href: string): void {
  history.pushState(null, '', href);
  isRevisited = false;
  place = here();
}

/** Shows another page in the place of this one, which nobody goes back to. */
export function redirect(href: string): void {
  history.replaceState(null, '', href);
  place = here();
}

/** Changes the choices of this page; what is undefined or empty is removed. */
export function choose(choices: Record<string, string | undefined>): void {
  const query = new URLSearchParams(place.query);
  for (const [name, value] of Object.entries(choices)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  const search = query.toString();
  history.replaceState(null, '', search ? `${place.path}?${search}` : place.path);
  place = here();
}

/** Takes clicks on links to pages of this application. */
function clicked(event: MouseEvent): void {
  const isPlain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey);
  if (!isPlain || event.altKey || event.defaultPrevented) return;
  const link = (event.target as Element | null)?.closest('a');
  if (!link || link.target || link.hasAttribute('download')) return;
  const url = new URL(link.href);
  // The services are beside the pages, below /s/.
  if (url.origin !== location.origin || url.pathname.startsWith('/s/')) return;
  // Places within a page are the browser's.
  if (url.hash && url.pathname + url.search === location.pathname + location.search) return;
  event.preventDefault();
  if (link.href !== location.href) go(link.href);
}

/** Begins to route. */
export function route(): () => void {
  const moved = () => {
    isRevisited = true;
    place = here();
  };
  addEventListener('popstate', moved);
  document.addEventListener('click', clicked);
  return () => {
    removeEventListener('popstate', moved);
    document.removeEventListener('click', clicked);
  };
}

/** The parts of a path that a pattern such as `/customers/:id` names; null when it does not fit. */
export function match(pattern: string, path: string): Record<string, string> | null {
  const [wanted, found] = [pattern, path].map((text) => text.split('/').filter(Boolean));
  if (!wanted || !found || wanted.length !== found.length) return null;
  const parts: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const text = found[index] ?? '';
    if (segment.startsWith(':')) parts[segment.slice(1)] = decoded(text);
    else if (segment !== text) return null;
  }
  return parts;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
