import { randomBytes } from 'node:crypto';
import { createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { EnvHttpProxyAgent, fetch } from 'undici';
import { ImageError, type ImageErrorKind } from '../../image/error.js';
import { reason } from '../../runtime/error.js';
import { tryLock } from '../kernel.js';
import { bundleOf, lockOf, type Places } from '../places.js';

/** A file that was downloaded. */
export interface Downloaded {
  readonly path: string;
  /** Removes it. */
  readonly release: () => Promise<void>;
}

/**
 * Downloads what ADD names, into a file of its own in the data directory: that of a program that is killed is removed by the
 * next command, as are its containers.
 *
 * @throws ImageError not-found, exhausted, cancelled, failed
 */
export async function download(
  places: Places,
  url: string,
  signal: AbortSignal | undefined,
): Promise<Downloaded> {
  const key = `add-${randomBytes(8).toString('hex')}`;
  const lock = tryLock(lockOf(places, key));
  if (lock === undefined) throw new Error(`${key}: its lock is another's`);
  const directory = bundleOf(places, key);
  const release = (): Promise<void> => {
    rmSync(directory, { recursive: true, force: true });
    rmSync(lockOf(places, key), { force: true });
    lock.release();
    return Promise.resolve();
  };
  const dispatcher = new EnvHttpProxyAgent();
  try {
    mkdirSync(directory, { mode: 0o700 });
    const path = join(directory, 'file');
    const answer = await fetch(url, { dispatcher, ...(signal && { signal }) });
    if (!answer.ok || answer.body === null) {
      const kind = answer.status === 404 ? 'not-found' : 'failed';
      throw new ImageError(kind, `${url}: the server answered ${answer.status} ${answer.statusText}`);
    }
    await pipeline(Readable.fromWeb(answer.body), createWriteStream(path, { mode: 0o600 }));
    return { path, release };
  } catch (error) {
    await release();
    if (error instanceof ImageError) throw error;
    const why = error instanceof Error && error.cause !== undefined ? reason(error.cause) : reason(error);
    throw new ImageError(kindOf(error, signal), `${url}: ${why}`, { cause: error });
  } finally {
    // What has failed, or was told to stop, is not waited for.
    await dispatcher.destroy();
  }
}

function kindOf(error: unknown, signal: AbortSignal | undefined): ImageErrorKind {
  if (signal?.aborted === true) return 'cancelled';
  return ['ENOSPC', 'EDQUOT', 'EFBIG'].includes((error as NodeJS.ErrnoException).code ?? '')
    ? 'exhausted'
    : 'failed';
}
