import type { Blobs } from '../content/blobs.js';
import type { Descriptor } from '../descriptor.js';
import { ImageError } from '../error.js';
import { mayPull, mayPush, type Access } from './authorizer.js';
import type { RegistryClient } from './client.js';
import type { Report } from './download.js';
import type { Endpoint } from './endpoint.js';
import { targetOf } from './follow.js';
import { RequestError } from './problem.js';
import { retrying } from './retry.js';
import type { Answer } from './transport.js';

/** Where a push goes. */
export interface Target {
  readonly client: RegistryClient;
  readonly endpoint: Endpoint;
  readonly repository: string;
  /** another repository of the same registry that is likely to have the blobs: they are not sent then */
  readonly mountFrom?: string | undefined;
}

/**
 * Has the registry have a blob: looks whether it is there, else takes it from another repository, else sends it.
 *
 * @throws ImageError
 */
export async function upload(
  target: Target,
  blob: Descriptor,
  blobs: Blobs,
  report: Report,
  signal?: AbortSignal,
): Promise<void> {
  const { client, endpoint, repository } = target;
  const what = `pushing ${endpoint.host}/${repository}@${blob.digest}`;
  report(0, 'running');
  try {
    if (!(await isThere(target, blob, what, signal))) {
      // What was sent is lost with a session that breaks: each try begins one of its own.
      await retrying(client.pause, signal, () => sendBlob(target, blob, blobs, what, report, signal));
    }
  } catch (error) {
    report(0, 'failed');
    throw error;
  }
  report(blob.size, 'done');
}

const access = ({ repository, mountFrom }: Target): Access => ({
  repository,
  scopes: [mayPush(repository), ...(mountFrom === undefined ? [] : [mayPull(mountFrom)])],
});

async function isThere(
  target: Target,
  { digest, size }: Descriptor,
  what: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { client, endpoint, repository } = target;
  const answer = await client.send(endpoint, {
    what,
    method: 'HEAD',
    path: `/v2/${repository}/blobs/${digest}`,
    access: access(target),
    expect: [200, 404],
    signal,
  });
  await answer.drop();
  if (answer.status !== 200) return false;
  const length = answer.header('content-length');
  if (length !== undefined && length !== String(size)) {
    throw new ImageError('corrupt', `${what}: the registry has it with ${length} instead of ${size} bytes`);
  }
  return true;
}

async function sendBlob(
  target: Target,
  blob: Descriptor,
  blobs: Blobs,
  what: string,
  report: Report,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { client, endpoint, repository, mountFrom } = target;
  const mount = mountFrom === undefined ? '' : `?mount=${blob.digest}&from=${encodeURIComponent(mountFrom)}`;
  const begun = await client.send(endpoint, {
    what,
    method: 'POST',
    path: `/v2/${repository}/blobs/uploads/${mount}`,
    headers: { 'content-length': '0' },
    access: access(target),
    expect: mount === '' ? [202] : [201, 202],
    signal,
  });
  await begun.drop();
  if (begun.status === 201) return;
  const url = placeOf(client, endpoint, begun, what);
  url.searchParams.set('digest', blob.digest);
  let done = 0;
  const answer = await client.once(endpoint, {
    what,
    method: 'PUT',
    path: url,
    headers: { 'content-type': 'application/octet-stream', 'content-length': String(blob.size) },
    body: () => {
      done = 0;
      const stream = blobs.open(blob);
      stream.on('data', (chunk: Buffer) => {
        done += chunk.length;
        report(done, 'running');
      });
      stream.pause(); // the listener only watches; who sends it sets the pace
      return stream;
    },
    access: access(target),
    expect: [201],
    signal,
  });
  await answer.drop();
}

/** Where the registry wants the rest. On its own host, it is spoken to as before, whatever a proxy made of the address. */
function placeOf(client: RegistryClient, endpoint: Endpoint, answer: Answer, what: string): URL {
  const base = client.baseOf(endpoint);
  const url = targetOf(answer.header('location') ?? '', answer.url);
  if (url === undefined)
    throw new RequestError('failed', `${what}: ${endpoint.host} says not where to send it`);
  if (url.hostname === base.hostname && url.protocol !== base.protocol) {
    return new URL(url.pathname + url.search, base);
  }
  if (base.protocol === 'https:' && url.protocol !== 'https:') {
    throw new RequestError('failed', `${what}: ${endpoint.host} wants it sent to ${url.host} without TLS`);
  }
  return url;
}
