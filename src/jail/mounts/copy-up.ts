import type { BatchBuilder, Step } from '../../kernel/freebsd/batch-builder.js';
import {
  changeMode,
  changeOwner,
  close,
  makeDirectory,
  makeFifo,
  makeSymlink,
  openIn,
  readDirectory,
  readSymlink,
  statusIn,
  statusOf,
  type DirectoryEntry,
} from '../../kernel/freebsd/file.js';
import type { FileStatus } from '../../kernel/freebsd/file-status.js';
import { fileSystemOf, type MountedFileSystem } from '../../kernel/freebsd/mounts.js';
import { run, type FreeBSD } from '../../kernel/freebsd/run.js';
import { RuntimeError } from '../../runtime/error.js';
import type { Root } from '../root/root.js';
import { visit } from '../root/visit.js';
import { sameId } from './unmount.js';

// Each level of an image's tree takes two descriptors.
const deepest = 64;
const chunk = 256 * 1024;
// Entries to look at in one batch.
const atOnce = 64;

/**
 * Fills a new file system with what the directory that it covers has: files, directories, symbolic links and fifos, with
 * their owners and modes. Nothing is followed.
 *
 * @param covered the directory, opened before something was mounted on it
 * @throws KernelError, ENOSPC if it does not fit; RuntimeError
 */
export async function copyUp(
  root: Root,
  covered: number,
  destination: string,
  mounted: MountedFileSystem,
): Promise<void> {
  const { system } = root;
  await visit(root, destination, async ({ directory, name }) => {
    const fd = await run(system, (b) =>
      name === undefined
        ? undefinedName(destination)
        : openIn(b, directory, name, { directory: true, object: mounted.on }),
    );
    await closing(system, [fd], async () => {
      const { id } = await run(system, (b) => fileSystemOf(b, fd, destination));
      if (!sameId(id, mounted.id))
        throw new RuntimeError('failed', `tmpfs on ${mounted.on}: something covers it`);
      await copyDirectory(system, covered, fd, 0, mounted.on);
    });
  });
}

function undefinedName(destination: string): never {
  throw new RuntimeError('invalid', `tmpfs on ${destination}: nothing is copied to the root`);
}

async function copyDirectory(
  system: FreeBSD,
  from: number,
  to: number,
  depth: number,
  path: string,
): Promise<void> {
  if (depth > deepest) throw new RuntimeError('invalid', `${path}: more than ${deepest} directories deep`);
  for (;;) {
    const { entries, end } = await run(system, (b) => readDirectory(b, from, path));
    if (end) return;
    for (let start = 0; start < entries.length; start += atOnce) {
      await copyEntries(system, from, to, entries.slice(start, start + atOnce), depth, path);
    }
  }
}

async function copyEntries(
  system: FreeBSD,
  from: number,
  to: number,
  entries: readonly DirectoryEntry[],
  depth: number,
  path: string,
): Promise<void> {
  const found = await run(system, (b) =>
    entries.map(({ name }) => statusIn(b, from, name, `${path}/${name}`)),
  );
  for (const [index, { name }] of entries.entries()) {
    const status = found[index];
    if (status === undefined) continue;
    const below = `${path}/${name}`;
    if (status.kind === 'file') await copyFile(system, from, to, name, below);
    else if (status.kind === 'directory') await copyTree(system, from, to, name, depth, below);
    else if (status.kind === 'symlink') await copySymlink(system, from, to, name);
    else if (status.kind === 'fifo') await run(system, (b) => makeFifo(b, to, name, 0o600));
    // A socket without whoever listens, or a device outside of a devfs, is of no use.
    else continue;
    await run(system, (b) => attributes(b, to, name, status, below));
  }
}

/** The owner first: a change of it takes set-id bits away. */
function attributes(
  b: BatchBuilder,
  directory: number,
  name: string,
  status: FileStatus,
  path: string,
): Step<void>[] {
  const owner = changeOwner(b, directory, name, status.uid, status.gid, path);
  return status.kind === 'symlink' ? [owner] : [owner, changeMode(b, directory, name, status.mode, path)];
}

async function copySymlink(system: FreeBSD, from: number, to: number, name: string): Promise<void> {
  const text = await run(system, (b) => readSymlink(b, from, name));
  await run(system, (b) => makeSymlink(b, text, to, name));
}

async function copyTree(
  system: FreeBSD,
  from: number,
  to: number,
  name: string,
  depth: number,
  path: string,
): Promise<void> {
  await run(system, (b) => makeDirectory(b, to, name, 0o700, path));
  const source = await run(system, (b) => openIn(b, from, name, { directory: true, object: path }));
  await closing(system, [source], async () => {
    const target = await run(system, (b) => openIn(b, to, name, { directory: true, object: path }));
    await closing(system, [target], () => copyDirectory(system, source, target, depth + 1, path));
  });
}

async function copyFile(
  system: FreeBSD,
  from: number,
  to: number,
  name: string,
  path: string,
): Promise<void> {
  const source = await run(system, (b) => openIn(b, from, name, { nonBlocking: true, object: path }));
  await closing(system, [source], async () => {
    const { kind } = await run(system, (b) => statusOf(b, source, path));
    if (kind !== 'file') throw new RuntimeError('failed', `${path}: became a ${kind}`);
    const create = { mode: 0o600, exclusive: true };
    const target = await run(system, (b) => openIn(b, to, name, { access: 'write', create, object: path }));
    await closing(system, [target], async () => {
      while ((await run(system, (b) => copyChunk(b, source, target, path))) > 0);
    });
  });
}

/** What is read goes from buffer to buffer: it is written by the same batch. Answers how much it was. */
function copyChunk(b: BatchBuilder, source: number, target: number, path: string): Step<number> {
  const buffer = { arena: b.arena.reserve(chunk) };
  const length = b.call('read', [source, buffer, chunk], { object: path });
  const written = b.call('write', [target, buffer, length], { object: path });
  return {
    value: written,
    decode: ({ valueOf }) => {
      if (valueOf(written) !== valueOf(length)) throw new RuntimeError('failed', `${path}: written in part`);
      return valueOf(length);
    },
  };
}

async function closing<T>(system: FreeBSD, fds: readonly number[], act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } finally {
    await run(system, (b) => fds.map((fd) => b.attempt(() => close(b, fd))));
  }
}
