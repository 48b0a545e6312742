import { countSpentBytes } from './spent-buffers.js';
import type { Blobs, Ingest } from '../content/blobs.js';
import type { Descriptor } from '../descriptor.js';
import { ImageError } from '../error.js';
import type { Progress } from '../progress.js';
import { mayPull } from './authorizer.js';
import { throwIfCancelled } from './bounded.js';
import type { RegistryClient } from './client.js';
import type { Endpoint } from './endpoint.js';
import { networkError } from './network-error.js';
import { RequestError } from './problem.js';
import { isTransient, mostTries, pauseAfter } from './retry.js';
import type { Answer } from './transport.js';

export interface Source {
  readonly client: RegistryClient;
  /** tried in order */
  readonly endpoints: readonly Endpoint[];
  readonly repository: string;
}

export type Report = (done: number, state: Progress['state']) => void;

/**
 * Brings a blob into the store unless it is there. What an earlier try left is not fetched again, and what this one gets
 * stays for the next when it fails.
 *
 * @throws ImageError not-found, unauthorized, unreachable, corrupt, exhausted, cancelled
 */
export async function download(
  source: Source,
  blob: Descriptor,
  blobs: Blobs,
  report: Report,
  signal?: AbortSignal,
): Promise<void> {
  if (await blobs.has(blob)) {
    report(blob.size, 'done');
    return;
  }
  let last: unknown;
  for (const endpoint of source.endpoints) {
    // What came before may not be this blob's beginning: without it, once.
    for (const fresh of [false, true]) {
      const ingest = await blobs.ingest(blob, signal && { signal });
      if (ingest === undefined) {
        report(blob.size, 'done');
        return;
      }
      const resumed = !fresh && ingest.offset > 0;
      try {
        await fill(source, endpoint, blob, ingest, report, signal);
        await ingest.commit();
        report(blob.size, 'done');
        return;
      } catch (error) {
        last = error;
        const corrupt = error instanceof ImageError && error.kind === 'corrupt';
        await (corrupt ? ingest.abort() : ingest.close());
        if (!corrupt || !resumed) break;
      }
    }
    if (!goesOn(last)) break;
  }
  report(0, 'failed');
  throw last;
}

/** Whether another server may do better: not when it is this machine that failed, or somebody said to stop. */
export const goesOn = (error: unknown): boolean =>
  error instanceof ImageError && error.kind !== 'cancelled' && error.kind !== 'exhausted';

/** Writes until all bytes are there, over as many connections as it takes while each brings something. */
async function fill(
  { client, repository }: Source,
  endpoint: Endpoint,
  blob: Descriptor,
  ingest: Ingest,
  report: Report,
  signal: AbortSignal | undefined,
): Promise<void> {
  const what = `getting ${endpoint.host}/${repository}@${blob.digest}`;
  for (let tried = 1; ingest.offset < blob.size || blob.size === 0; tried += 1) {
    const before = ingest.offset;
    report(before, 'running');
    try {
      const answer = await client.once(endpoint, {
        what,
        method: 'GET',
        path: `/v2/${repository}/blobs/${blob.digest}`,
        headers: before > 0 ? { range: `bytes=${before}-` } : {},
        access: { repository, scopes: [mayPull(repository)] },
        expect: before > 0 ? [200, 206, 416] : [200],
        signal,
      });
      await receive(answer, what, blob, ingest, report, signal);
      if (blob.size === 0) return;
    } catch (caught) {
      const error = networkError(caught, what, endpoint.host, signal);
      const came = ingest.offset > before;
      if (came) tried = 0;
      const again =
        isTransient(error) || (came && error instanceof RequestError && error.kind === 'unreachable');
      if (!again || tried >= mostTries) throw error;
      const asked = error instanceof RequestError ? error.retryAfter : undefined;
      await client.pause(pauseAfter(tried + 1, asked), signal);
    }
  }
}

/** Writes what an answer brings. @throws ImageError corrupt as soon as it brings something else */
async function receive(
  answer: Answer,
  what: string,
  blob: Descriptor,
  ingest: Ingest,
  report: Report,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (answer.status === 416) {
    await answer.drop();
    await ingest.restart();
    throw new RequestError('unreachable', `${what}: the server has nothing more`, { transient: true });
  }
  try {
    if (answer.status === 200 && ingest.offset > 0) await ingest.restart();
    if (answer.status === 206) checkRange(answer.header('content-range'), what, blob, ingest.offset);
    const length = answer.header('content-length');
    if (length !== undefined && Number(length) > blob.size - ingest.offset) {
      throw new ImageError('corrupt', `${what}: the server has more than ${blob.size} bytes`);
    }
  } catch (error) {
    await answer.drop();
    throw error;
  }
  for await (const chunk of answer.body) {
    throwIfCancelled(signal);
    if (chunk.length > blob.size - ingest.offset) {
      throw new ImageError('corrupt', `${what}: more than ${blob.size} bytes came`);
    }
    await ingest.write(chunk);
    countSpentBytes(chunk.length);
    report(ingest.offset, 'running');
  }
  if (ingest.offset < blob.size) {
    throw new RequestError('unreachable', `${what}: only ${ingest.offset} of ${blob.size} bytes came`, {
      transient: true,
    });
  }
}

/** @throws ImageError failed when the server sends another part than was asked for */
function checkRange(header: string | undefined, what: string, blob: Descriptor, offset: number): void {
  const [, start, total] = /^bytes (\d{1,16})-\d{1,16}\/(\d{1,16}|\*)$/.exec(header ?? '') ?? [];
  if (Number(start) !== offset || (total !== '*' && Number(total) !== blob.size)) {
    const shown = JSON.stringify((header ?? '').slice(0, 60));
    throw new ImageError(
      'corrupt',
      `${what}: the server sent the part ${shown} instead of that from ${offset}`,
    );
  }
}
