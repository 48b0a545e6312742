import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { reason } from '../../runtime/error.js';
import type { Store } from '../../store/database.js';
import { isDigest, type Digest } from '../digest.js';
import { ImageError } from '../error.js';
import type { ReportProgress } from '../progress.js';
import { firstMissing } from './complete.js';
import { databaseError } from './database.js';
import { stopIfCancelled, unlessMissing } from './failure.js';
import { imageNames } from './images.js';
import { indexOnDisk, indexText } from './index-file.js';
import { blobPath, type Layout } from './layout.js';
import { requireVersion } from './open-layout.js';
import { openBlob } from './read-blob.js';
import { digestLeases } from './leases.js';

/** Something that is not as it should be. */
export interface Finding {
  /** the file, the image or the lease */
  readonly object: string;
  readonly problem: string;
  /** what to do about it */
  readonly advice: string;
}

export interface VerifyOptions {
  /** also reads each blob, which takes as long as the disk does; true if left out */
  readonly digests?: boolean;
  readonly progress?: ReportProgress;
  readonly signal?: AbortSignal;
}

type Report = (object: string, problem: string, advice: string) => void;

/**
 * Reads all of a data directory and tells what is not as it should be. What a program left that was killed is as it
 * should be: it is known as such, and removed or resumed by others.
 */
export async function verify(
  store: Store,
  layout: Layout,
  options: VerifyOptions = {},
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const report: Report = (object, problem, advice) => {
    findings.push({ object, problem, advice });
  };
  try {
    checkDatabase(store, layout, report);
    await checkMarker(layout, report);
    checkIndex(store, layout, report);
    for (const algorithm of ['sha256', 'sha512']) await checkBlobs(layout, algorithm, report, options);
    checkImages(store, layout, report);
    await checkLeases(store, layout, report);
    await checkIngest(layout, report);
  } catch (error) {
    throw databaseError(error, layout.root);
  }
  return findings;
}

function checkDatabase(store: Store, layout: Layout, report: Report): void {
  const found = store.pragma('quick_check(1)', { simple: true });
  if (found !== 'ok') {
    report(layout.database, String(found), 'remove it: blobs are kept, names are given again by pulling');
  }
}

async function checkMarker(layout: Layout, report: Report): Promise<void> {
  try {
    requireVersion(await readFile(layout.marker, 'utf8'), layout.marker);
  } catch (error) {
    report(layout.marker, reason(error), 'remove it: it is written when images are used next');
  }
}

function checkIndex(store: Store, layout: Layout, report: Report): void {
  const images = imageNames(store, layout);
  const same = store.transaction(() => indexText(images.list()) === indexOnDisk(layout)).immediate();
  if (!same) {
    report(layout.index, 'says other images than there are', 'it is written when images are used next');
  }
}

async function checkBlobs(
  layout: Layout,
  algorithm: string,
  report: Report,
  { digests = true, progress, signal }: VerifyOptions,
): Promise<void> {
  const directory = join(layout.blobs, algorithm);
  for (const name of await unlessMissing(readdir(directory), [])) {
    stopIfCancelled(signal, 'verifying');
    const digest = `${algorithm}:${name}`;
    const path = join(directory, name);
    const found = await unlessMissing(stat(path), undefined);
    if (found === undefined) continue; // removed meanwhile
    if (!isDigest(digest) || !found.isFile()) {
      report(path, 'is no blob', 'remove it');
    } else if (digests) {
      progress?.({ id: digest, what: 'verifying', done: 0, total: found.size, state: 'running' });
      await checkDigest(layout, digest, found.size, report);
      progress?.({ id: digest, what: 'verifying', done: found.size, total: found.size, state: 'done' });
    }
  }
}

async function checkDigest(layout: Layout, digest: Digest, size: number, report: Report): Promise<void> {
  const path = blobPath(layout, digest);
  try {
    await finished(openBlob(path, { digest, size }).resume());
  } catch (error) {
    if (error instanceof ImageError && error.kind === 'not-found') return; // removed meanwhile
    report(path, reason(error), 'remove it, and pull or load the images again that need it');
  }
}

function checkImages(store: Store, layout: Layout, report: Report): void {
  for (const { name, target } of imageNames(store, layout).list()) {
    const missing = firstMissing(layout, target);
    if (missing !== undefined) {
      report(
        `image ${name}`,
        `${missing.digest}, a ${missing.mediaType}, is missing`,
        'pull or load it again',
      );
    }
  }
}

async function checkLeases(store: Store, layout: Layout, report: Report): Promise<void> {
  for (const { key, digest } of digestLeases(store, layout).list()) {
    if ((await unlessMissing(stat(blobPath(layout, digest)), undefined)) === undefined) {
      report(`lease ${key}`, `${digest} is missing`, 'remove what it is for, and make it again');
    }
  }
}

const known = /^(?:sha(?:256|512)-[0-9a-f]+|(?:new|hold|trash|write)-[0-9a-f]{16})$/;

async function checkIngest(layout: Layout, report: Report): Promise<void> {
  for (const entry of await readdir(layout.ingest, { withFileTypes: true })) {
    if (!entry.isFile() || !known.test(entry.name)) {
      report(join(layout.ingest, entry.name), 'was not made by this program', 'remove it');
    }
  }
}
