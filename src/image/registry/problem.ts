import { oneLine } from '../../runtime/error.js';
import { ImageError, type ImageErrorKind } from '../error.js';

/** Why a request to a registry failed, and whether it makes sense to send it again. */
export class RequestError extends ImageError {
  /** no answer, or one that says that the next may be better */
  readonly transient: boolean;
  /** the HTTP status, if there was an answer */
  readonly status: number | undefined;
  /** what the server asked for, in milliseconds */
  readonly retryAfter: number | undefined;

  constructor(
    kind: ImageErrorKind,
    message: string,
    how: { transient?: boolean; status?: number; retryAfter?: number | undefined; cause?: unknown } = {},
  ) {
    super(kind, message, { cause: how.cause });
    this.transient = how.transient ?? false;
    this.status = how.status;
    this.retryAfter = how.retryAfter;
  }
}

const kinds = new Map<number, ImageErrorKind>([
  [400, 'failed'],
  [401, 'unauthorized'],
  [403, 'unauthorized'],
  [404, 'not-found'],
  [405, 'unsupported'],
  [407, 'unauthorized'],
  [410, 'not-found'],
  [413, 'exhausted'],
  [415, 'unsupported'],
  [507, 'exhausted'],
]);

const words = new Map<number, string>([
  [401, 'wants other credentials'],
  [403, 'refuses access'],
  [404, 'has no such thing'],
  [407, 'the proxy wants credentials'],
  [429, 'has had too many requests'],
  [500, 'has a problem'],
  [502, 'is not reachable behind its proxy'],
  [503, 'is not available'],
  [504, 'does not answer behind its proxy'],
]);

const transient = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Of an answer that is not the one that was hoped for. `said` is what the server explains. */
export function statusError(
  what: string,
  host: string,
  status: number,
  said: string,
  retryAfter: number | undefined,
): RequestError {
  const kind = kinds.get(status) ?? (status === 429 || status >= 502 ? 'unreachable' : 'failed');
  const meaning = words.get(status) ?? 'answers';
  const why = said === '' ? '' : `: ${said}`;
  return new RequestError(kind, oneLine(`${what}: ${host} ${meaning} (HTTP ${status})${why}`), {
    transient: transient.has(status),
    status,
    retryAfter,
  });
}

/** What an error document of a registry says (distribution-spec, "Error Codes"), in one line; empty if it says nothing. */
export function explanationOf(document: string): string {
  let found: unknown;
  try {
    found = JSON.parse(document);
  } catch {
    return ''; // a page for people: of a proxy, most likely
  }
  const member = (value: unknown, name: string): unknown =>
    typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  const errors = member(found, 'errors');
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  const parts = [member(first, 'code'), member(first, 'message') ?? member(found, 'details')];
  const said = parts.filter((part) => typeof part === 'string' && part !== '').join(': ');
  return oneLine(said.slice(0, 300));
}

/** Reads `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3). @returns milliseconds */
export function retryAfterOf(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
