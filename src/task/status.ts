import { RuntimeError, reason, type RuntimeErrorKind } from '../runtime/error.js';
import { PayloadError } from '../proto/any.js';
import { DecodeError } from '../proto/codec.js';
import { Code, StatusError } from '../ttrpc/status.js';

export const notFound = (message: string): StatusError => new StatusError(Code.NotFound, message);
export const alreadyExists = (message: string): StatusError => new StatusError(Code.AlreadyExists, message);
export const invalidArgument = (message: string): StatusError =>
  new StatusError(Code.InvalidArgument, message);
export const failedPrecondition = (message: string): StatusError =>
  new StatusError(Code.FailedPrecondition, message);

const codes: Record<RuntimeErrorKind, Code> = {
  invalid: Code.InvalidArgument,
  'not-found': Code.NotFound,
  'already-exists': Code.AlreadyExists,
  precondition: Code.FailedPrecondition,
  unsupported: Code.Unimplemented,
  exhausted: Code.ResourceExhausted,
  failed: Code.Unknown,
};

/** The answer to a client, in one line, for anything that was thrown on the way; what has no kind is Unknown, as in Go. */
export function toStatus(error: unknown): StatusError {
  const message = reason(error);
  if (error instanceof StatusError && error.message === message) return error;
  return new StatusError(codeOf(error), message, { cause: error });
}

function codeOf(error: unknown): Code {
  if (error instanceof StatusError) return error.code;
  if (error instanceof RuntimeError && error.kind !== 'failed') return codes[error.kind];
  if (isExhausted(error)) return Code.ResourceExhausted;
  const isInput = error instanceof PayloadError || error instanceof DecodeError || error instanceof TypeError;
  return isInput ? Code.InvalidArgument : Code.Unknown;
}

/** A full disk or table, of the system or of SQLite: what may be asked for again when there is room. */
const exhausted = ['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'SQLITE_FULL'];

/** Whether anything that led to the error says so. */
function isExhausted(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause) {
    const { code } = one as NodeJS.ErrnoException;
    if (code !== undefined && exhausted.includes(code)) return true;
  }
  return false;
}
