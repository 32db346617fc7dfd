/** What is wrong with one field of a request. */
export interface FieldProblem {
  /** JSON pointer to it, such as `/value`. */
  pointer: string;
  detail: string;
}

/** How far a read model is behind, in commands of one partition. */
export interface Lag {
  behind: number;
}

interface Body {
  detail?: string;
  title?: string;
  code?: string;
  /** The right that was missing. */
  right?: string;
  errors?: FieldProblem[];
  version?: number;
  lag?: Lag[];
}

/** What is said of it to people. */
function told(status: number, { detail, title, right }: Body): string {
  if (status === 403 && right) return `you may not do this, it needs the right ${right}`;
  return detail ?? title ?? `the answer was ${status}`;
}

/** An answer that is no success (RFC 9457), or no answer at all. */
export class Problem extends Error {
  /** The HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** Stable code for programs. */
  readonly code: string;
  readonly errors: FieldProblem[];
  /** Current version of the aggregate, when another one was expected. */
  readonly version: number | undefined;
  /** After how many seconds it is worth to ask again. */
  readonly retryAfter: number | undefined;
  /** With it a query shows the state that the command was refused on. */
  readonly token: string | undefined;
  /** How many commands the read model is behind; 0 when it says nothing. */
  readonly behind: number;

  constructor(status: number, body: Body, headers?: Headers) {
    super(told(status, body));
    this.name = 'Problem';
    this.status = status;
    this.code = body.code ?? '';
    this.errors = body.errors ?? [];
    this.version = body.version;
    this.retryAfter = Number(headers?.get('retry-after')) || undefined;
    this.token = headers?.get('oneway-token') ?? undefined;
    this.behind = (body.lag ?? []).reduce((sum, lag) => sum + lag.behind, 0);
  }

  /** For an answer whose body was read already. */
  static of(response: Response, body: unknown): Problem {
    const known = typeof body === 'object' && body !== null ? (body as Body) : {};
    return new Problem(response.status, known, response.headers);
  }

  /** Nothing came back. */
  static unreachable(): Problem {
    return new Problem(0, { detail: 'there is no connection to the server', code: 'unreachable' });
  }

  /** True for what passes by itself: asking again later is all that helps. */
  get isTemporary(): boolean {
    return [0, 429, 502, 503, 504].includes(this.status);
  }

  /** True when it is not for what was asked, but for who was. */
  get isOutage(): boolean {
    return this.isTemporary || this.status >= 500;
  }

  /** What is wrong with a field of the request, wherever the request has it. */
  field(name: string): string | undefined {
    return this.errors.find(({ pointer }) => pointer.endsWith(`/${name}`))?.detail;
  }
}

/** Anything that was thrown, as a problem; null for a request that was called off. */
export function asProblem(error: unknown): Problem | null {
  if (error instanceof Problem) return error;
  if (error instanceof DOMException && error.name === 'AbortError') return null;
  // `fetch` throws a TypeError when nothing comes back.
  if (error instanceof TypeError) return Problem.unreachable();
  return new Problem(-1, { detail: error instanceof Error ? error.message : String(error) });
}

/** How long to wait before the next try, in milliseconds: as asked, or longer and longer. */
export function pause(tries: number, problem: Problem | null): number {
  const asked = (problem?.retryAfter ?? 0) * 1_000;
  return Math.max(asked, Math.min(1_000 * 2 ** tries, 10_000));
}
