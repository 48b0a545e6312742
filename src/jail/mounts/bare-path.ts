import type { Step } from '../../kernel/freebsd/batch-builder.js';
import { statusAt } from '../../kernel/freebsd/file.js';
import type { FileStatus } from '../../kernel/freebsd/file-status.js';
import { fileSystemAt, type MountedFileSystem } from '../../kernel/freebsd/mounts.js';
import { run } from '../../kernel/freebsd/run.js';
import { RuntimeError } from '../../runtime/error.js';
import type { Root } from '../root/root.js';
import { visit } from '../root/visit.js';
import { hostPathOf } from '../root/walk.js';

// Of nullfs mounts that show what other nullfs mounts show. The kernel has no limit, its stack has one.
const deepest = 16;

/** Something on the host. */
export interface HostFile {
  /** Absolute and plain, without symbolic links. */
  readonly path: string;
  readonly status: FileStatus;
  /** The same without nullfs mounts: what lies at the bottom of all that show each other. */
  readonly bare: string;
}

/**
 * Looks at a path of the host, in which symbolic links are followed, and at what the nullfs mounts on the way show.
 *
 * @param what it is looked at for, for the message
 * @throws RuntimeError if nothing is there; KernelError
 */
export async function lookAt(host: Root, path: string, what: string): Promise<HostFile> {
  const { on, status, fileSystem } = await resolve(host, path, what);
  return { path: on, status, bare: await bareOf(host, on, fileSystem) };
}

interface Resolved {
  readonly on: string;
  readonly status: FileStatus;
  readonly fileSystem: MountedFileSystem;
  readonly beside: FileStatus | undefined;
}

const nothing: Step<undefined> = { value: { result: -1 }, decode: () => undefined };

/** @param beside a path without symbolic links to look at as well */
async function resolve(host: Root, path: string, what: string, beside?: string): Promise<Resolved> {
  return visit(host, path, async (place, release) => {
    const { status } = place;
    const on = hostPathOf(host, place);
    if (status === undefined) throw new RuntimeError('invalid', `${what}: ${on}: no such file or directory`);
    const found = await run(host.system, (b) => ({
      released: release(b),
      fileSystem: fileSystemAt(b, on),
      beside: beside === undefined ? nothing : statusAt(b, beside),
    }));
    return { on, status, ...found };
  });
}

/**
 * A path without the nullfs mounts that it lies in.
 *
 * @param path without symbolic links
 * @param fileSystem that it lies on
 * @throws RuntimeError if it cannot be told: then a mount there could be one that a kernel does not survive
 */
export async function bareOf(host: Root, path: string, fileSystem: MountedFileSystem): Promise<string> {
  let here = path;
  let on = fileSystem;
  for (let level = 0; on.type === 'nullfs'; level++) {
    const seen = on;
    const below = belowOf(here, seen.on);
    if (below === undefined || !seen.from.startsWith('/') || level === deepest) throw unclear(path, seen);
    // What it shows may be called so in a jail only; its inode number is the same here and there.
    const shown = await resolve(host, seen.from, `nullfs on ${seen.on}`, seen.on);
    if (shown.beside?.inode !== shown.status.inode) throw unclear(path, seen);
    here = below === '' ? shown.on : `${shown.on === '/' ? '' : shown.on}${below}`;
    on = shown.fileSystem;
  }
  return here;
}

function unclear(path: string, { from, on }: MountedFileSystem): RuntimeError {
  return new RuntimeError(
    'precondition',
    `${path}: what the nullfs of ${from} on ${on} shows there is unclear`,
  );
}

/** What of a path lies below another one: '' or with a slash in front; undefined if it does not. */
export function belowOf(path: string, above: string): string | undefined {
  if (above === '/') return path === '/' ? '' : path;
  if (path === above) return '';
  return path.startsWith(`${above}/`) ? path.slice(above.length) : undefined;
}
