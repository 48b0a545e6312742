import { inspect } from 'node:util';

/** The status codes of google.rpc, by which a ttrpc peer decides what an answer means. */
export const Code = {
  OK: 0,
  Canceled: 1,
  Unknown: 2,
  InvalidArgument: 3,
  DeadlineExceeded: 4,
  NotFound: 5,
  AlreadyExists: 6,
  PermissionDenied: 7,
  ResourceExhausted: 8,
  FailedPrecondition: 9,
  Aborted: 10,
  OutOfRange: 11,
  Unimplemented: 12,
  Internal: 13,
  Unavailable: 14,
  DataLoss: 15,
  Unauthenticated: 16,
} as const;

export type Code = (typeof Code)[keyof typeof Code];

const names = new Map<number, string>(Object.entries(Code).map(([name, code]) => [code, name]));

/** True if the number is one of the codes above; a peer may send any int32. */
export function isCode(value: number): value is Code {
  return names.has(value);
}

/** The name of a code, for messages: `codeName(5)` is `NotFound`. */
export function codeName(code: Code): string {
  return names.get(code) ?? String(code);
}

/**
 * An error with a status code. Thrown by a handler, it is what the caller is answered; thrown by a call, it is
 * what the server answered, or what the client found out itself (DeadlineExceeded, Canceled, ResourceExhausted).
 */
export class StatusError extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StatusError';
    this.code = code;
  }
}

/** The connection ended before the call did, or had ended before the call was made: nothing is known of its outcome. */
export class ClosedError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ClosedError';
  }
}

/**
 * The status that answers a thrown value. Anything but a StatusError is Unknown with its message; so is a
 * StatusError that says OK, as a failure must never look like success.
 */
export function statusOf(thrown: unknown): StatusError {
  if (thrown instanceof StatusError && thrown.code !== Code.OK) return thrown;
  return new StatusError(Code.Unknown, messageOf(thrown), { cause: thrown });
}

/** The text of a thrown value, which need not be an Error. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  return typeof thrown === 'string' ? thrown : inspect(thrown);
}

/** Of a name that a peer sent, so much may stand in a message. */
const NAME_SHOWN = 200;

/** A peer's text as it may stand in a one-line message: a plain name as it is, anything else quoted, and cut when long. */
export function shown(text: string): string {
  const start = text.slice(0, NAME_SHOWN);
  const name = /^[\w.-]*$/.test(start) ? start : JSON.stringify(start).replace(/[^ -~]/g, escaped);
  return start === text ? name : `${name}… (${text.length} characters)`;
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
