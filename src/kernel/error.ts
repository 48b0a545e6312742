import { errnoName } from './errno.js';
import type { Answer, Batch, Platform } from './kernel.js';

/** What a failed call was: enough to say what failed, on what, and why. */
export interface Failure {
  readonly platform: Platform;
  /** The call's name in libc. */
  readonly call: string;
  /** What it was called for, in the words of the field: "jail 'c1'", a path, an interface's name. */
  readonly object: string;
  readonly errno: number;
  /** The kernel's own words, where it gives any: the errmsg of jail_set(2) and nmount(2). */
  readonly detail?: string;
}

/** A call that the kernel refused: "jail_set: jail 'c1': EPERM prison limit exceeded". */
export class KernelError extends Error {
  readonly call: string;
  readonly object: string;
  readonly errno: number;
  /** The errno's name, by which callers tell failures apart; numbers differ between platforms. */
  readonly code: string;
  readonly detail: string;

  constructor(failure: Failure) {
    const code = errnoName(failure.platform, failure.errno);
    const detail = failure.detail ?? '';
    super(`${failure.call}: ${failure.object}: ${code}${detail === '' ? '' : ` ${detail}`}`);
    this.name = 'KernelError';
    this.call = failure.call;
    this.object = failure.object;
    this.errno = failure.errno;
    this.code = code;
    this.detail = detail;
  }
}

/** Whether an error is a call's failure with one of these errno names. */
export function isKernelError(error: unknown, ...codes: readonly string[]): error is KernelError {
  return error instanceof KernelError && (codes.length === 0 || codes.includes(error.code));
}

/** The failure that stopped a batch, or undefined if all of it ran. */
export function stoppedBy(batch: Batch, answer: Answer): { call: string; errno: number } | undefined {
  const last = answer.results.length - 1;
  const call = batch.calls[last];
  const result = answer.results[last];
  if (call === undefined || result === undefined) return undefined;
  return result.errno !== 0 && call.mayFail !== true ? { call: call.symbol, errno: result.errno } : undefined;
}

/**
 * Throws a KernelError if a call stopped the batch.
 *
 * @param object what the batch was about, for the message.
 */
export function throwIfStopped(platform: Platform, batch: Batch, answer: Answer, object: string): void {
  const failure = stoppedBy(batch, answer);
  if (failure !== undefined) throw new KernelError({ platform, object, ...failure });
}
