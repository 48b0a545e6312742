import { reason } from '../../runtime/error.js';
import { ImageError } from '../error.js';

const full = new Map([
  ['ENOSPC', 'no space left on the disk'],
  ['EDQUOT', 'the quota of the disk is used up'],
  ['EFBIG', 'the file system holds no file that large'],
]);

/** @returns what the file system said of a file, as an error of this folder; one of ours stays as it is */
export function fileError(error: unknown, what: string): ImageError {
  if (error instanceof ImageError) return error;
  const code = codeOf(error) ?? '';
  const space = full.get(code);
  if (space !== undefined) return new ImageError('exhausted', `${what}: ${space}`, { cause: error });
  return new ImageError('failed', `${what}: ${reason(error)}`, { cause: error });
}

export const isFull = (error: unknown): boolean => full.has(codeOf(error) ?? '');

export const codeOf = (error: unknown): string | undefined => {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
};

export const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT';

/** What `work` answers, or `instead` when there is no such file. */
export async function unlessMissing<T, U>(work: Promise<T>, instead: U): Promise<T | U> {
  try {
    return await work;
  } catch (error) {
    if (isMissing(error)) return instead;
    throw error;
  }
}

/** @throws ImageError cancelled, naming the work */
export function stopIfCancelled(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted === true) throw new ImageError('cancelled', `${what}: told to stop`);
}
