import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { openContent } from '../../image/content/content.js';
import { unlessMissing } from '../../image/content/failure.js';
import { reason } from '../../runtime/error.js';
import { check, type Check, type Shortfall } from './check.js';

/** Bytes; below it, the next image of a system of its own does not fit. */
const enough = 1024 ** 3;

/** Of the file system's nodes: an image has some ten thousand. */
const enoughNodes = 50_000;

/**
 * Looks at the data directory, and at what is in it.
 *
 * @param digests whether blobs are read, to see that they are what they are called: that takes as long as the disk does
 */
export async function dataChecks(data: string, digests = false): Promise<Check[]> {
  const found = await unlessMissing(stat(data), undefined);
  const checks = [
    check('data directory', found === undefined ? undefined : ownership(data, found)),
    check('free space', await space(await existing(data))),
  ];
  if (found?.isDirectory() === true) checks.push(...(await imageChecks(data, digests)));
  return checks;
}

function ownership(
  data: string,
  found: { readonly uid: number; readonly mode: number; isDirectory(): boolean },
): Shortfall | undefined {
  const user = process.getuid?.() ?? 0;
  if (!found.isDirectory()) {
    return { problem: `${data} is no directory`, remedy: `mv ${data} ${data}.old` };
  }
  if (found.uid !== user) {
    return { problem: `${data} belongs to user ${found.uid}, not ${user}`, remedy: `chown ${user} ${data}` };
  }
  if ((found.mode & 0o022) === 0) return undefined;
  return {
    problem: `${data} may be written by others, who so decide what runs as root`,
    remedy: `chmod go-w ${data}`,
  };
}

async function space(directory: string): Promise<Shortfall | undefined> {
  const { bavail, bsize, files, ffree } = await statfs(directory);
  const free = bavail * bsize;
  const remedy = `remove what is not needed: jailer rmi IMAGE; or give another directory: data_dir in the configuration`;
  if (free < enough) {
    return { problem: `${Math.floor(free / 1024 ** 2)} MiB are free at ${directory}`, remedy };
  }
  // File systems that make nodes as they need them say that there are none.
  if (files === 0 || ffree >= enoughNodes) return undefined;
  return { problem: `${ffree} files more are all that ${directory} has room for`, remedy };
}

/** The directory itself, or the first above it that is there. */
async function existing(path: string): Promise<string> {
  const above = dirname(path);
  if (above === path || (await unlessMissing(stat(path), undefined)) !== undefined) return path;
  return existing(above);
}

async function imageChecks(data: string, digests: boolean): Promise<Check[]> {
  try {
    const content = await openContent(data);
    try {
      const findings = await content.verify({ digests });
      if (findings.length === 0) return [check('images', undefined)];
      return findings.map(({ object, problem, advice }) =>
        check(object, { problem, remedy: advice }, 'this image'),
      );
    } finally {
      await content.close();
    }
  } catch (error) {
    const remedy = `mv ${data} ${data}.old; images are pulled again then`;
    return [check('images', { problem: reason(error), remedy })];
  }
}
