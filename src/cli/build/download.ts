import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { EnvHttpProxyAgent, fetch } from 'undici';
import { ImageError } from '../../image/error.js';
import { reason } from '../../runtime/error.js';

/** A file that was downloaded. */
export interface Downloaded {
  readonly path: string;
  /** Removes it. */
  readonly release: () => Promise<void>;
}

/** Downloads what ADD names, into a file of its own. @throws ImageError unreachable, not-found */
export async function download(url: string, signal: AbortSignal | undefined): Promise<Downloaded> {
  const directory = await mkdtemp(join(tmpdir(), 'jailer-add-'));
  const release = async (): Promise<void> => {
    await rm(directory, { recursive: true, force: true });
  };
  const dispatcher = new EnvHttpProxyAgent();
  try {
    const path = join(directory, 'file');
    const answer = await fetch(url, { dispatcher, ...(signal && { signal }) });
    if (!answer.ok || answer.body === null) {
      const kind = answer.status === 404 ? 'not-found' : 'unreachable';
      throw new ImageError(kind, `${url}: the server answered ${answer.status} ${answer.statusText}`);
    }
    await pipeline(Readable.fromWeb(answer.body), createWriteStream(path, { mode: 0o600 }));
    return { path, release };
  } catch (error) {
    await release();
    if (error instanceof ImageError) throw error;
    const why = error instanceof Error && error.cause !== undefined ? reason(error.cause) : reason(error);
    throw new ImageError('unreachable', `${url}: ${why}`, { cause: error });
  } finally {
    await dispatcher.close();
  }
}
