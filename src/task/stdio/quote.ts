import { getSystemErrorMap } from 'node:util';
import { RuntimeError } from '../../runtime/error.js';

const SHOWN = 200;

/** A client's string as it may stand in a one-line message: escaped, and cut when it is long. */
export function quote(text: string): string {
  return text.length <= SHOWN
    ? JSON.stringify(text)
    : `${JSON.stringify(text.slice(0, SHOWN))}… (${text.length} characters)`;
}

/** What went wrong, without the path: `ENOENT: no such file or directory`; an error of ours keeps its words. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { errno } = error as NodeJS.ErrnoException;
  const known = errno === undefined ? undefined : getSystemErrorMap().get(errno);
  return known === undefined ? error.message : known.join(': ');
}

/** The error of a stream that cannot be what the client asked for, whatever the host's state. */
export function invalid(message: string, options?: ErrorOptions): RuntimeError {
  return new RuntimeError('invalid', message, options);
}
