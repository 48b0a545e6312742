import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import { isKernelError } from '../../kernel/error.js';
import { changeMode, changeOwner, openIn, read, rename, write } from '../../kernel/freebsd/file.js';
import { run } from '../../kernel/freebsd/run.js';
import { RuntimeError } from '../../runtime/error.js';
import type { Journal } from '../../runtime/journal.js';
import type { Root } from '../root/root.js';
import { visit } from '../root/visit.js';
import { hostPathOf, namesOf, namesTo, pathIn } from '../root/walk.js';
import type { HostFile } from './bare-path.js';
import type { MountTree } from './tree.js';

// Kernels before 13.2 mount no files on files. What clients mount so is small: resolv.conf, hosts, hostname, secrets.
const limit = 1024 * 1024;

/** What the journal says of a file of the image that a copy is about to be put in the place of. */
export interface CopiedDetail {
  /** The root's path on the host. */
  readonly root: string;
  /** Inside the root; none of its names is a symbolic link. */
  readonly path: string;
  /** What the file of the image is called meanwhile, in the same directory. */
  readonly saved: string;
}

/** The kind of such an entry. */
export const copiedKind = 'copied';

/**
 * Puts a copy of a file of the host in the place of one of the image, for a kernel that cannot mount it there. Later changes
 * of one are not seen in the other.
 *
 * @throws RuntimeError, KernelError. What was done is in the journal.
 */
export async function copyFileOver(
  { root, host, writable }: MountTree,
  path: string,
  source: HostFile,
  journal: Journal,
): Promise<void> {
  const data = await readSource(host, source);
  try {
    await replace(root, path, source, data, journal);
  } catch (error) {
    if (!isKernelError(error, 'EROFS') || writable === undefined) throw error;
    await replace(writable, path, source, data, journal);
  }
}

async function readSource(host: Root, { path }: HostFile): Promise<Uint8Array> {
  const data = await visit(host, path, ({ directory, name }) =>
    run(host.system, (b) => {
      if (name === undefined) throw new RuntimeError('invalid', `${path}: not a file`);
      return read(
        b,
        b.temporary(openIn(b, directory, name, { nonBlocking: true, object: path }).value),
        limit + 1,
        path,
      );
    }),
  );
  if (data.byteLength <= limit) return data;
  const why = `this kernel mounts no files, as FreeBSD 13.2 does, and more than ${limit} bytes are not copied`;
  throw new RuntimeError('unsupported', `nullfs of ${path}: ${why}`);
}

async function replace(
  root: Root,
  path: string,
  { status: { mode, uid, gid } }: HostFile,
  data: Uint8Array,
  journal: Journal,
): Promise<void> {
  await visit(root, path, async (place, release) => {
    const { directory, name, status } = place;
    if (name === undefined || status?.kind !== 'file') {
      throw new RuntimeError('failed', `${hostPathOf(root, place)}: no longer a file`);
    }
    const object = hostPathOf(root, place);
    const saved = `.saved-${randomBytes(8).toString('hex')}`;
    const detail: CopiedDetail = { root: root.path, path: `/${namesTo(place).join('/')}`, saved };
    const seq = journal.making(copiedKind, detail);
    const moved = await run(root.system, (b) =>
      b.attempt(() => rename(b, [directory, name], [directory, saved], object)),
    );
    if (isKernelError(moved)) {
      journal.unmade(seq);
      throw moved;
    }
    const { written } = await run(root.system, (b) => {
      const create = { mode: 0o600, exclusive: true };
      const fd = b.temporary(openIn(b, directory, name, { access: 'write', create, object }).value);
      const written = write(b, fd, data, object);
      changeOwner(b, directory, name, uid, gid, object);
      changeMode(b, directory, name, mode, object);
      return { written, released: release(b) };
    });
    if (written !== data.byteLength) throw new RuntimeError('failed', `${object}: written in part`);
  });
}

/** Puts the file of the image back in its place, and the copy away. That it is done already is no error. */
export async function restoreCopied(root: Root, { path, saved }: CopiedDetail): Promise<void> {
  const { system } = root;
  const folder = posix.dirname(path);
  try {
    await visit(root, posix.join(folder, saved), async (place) => {
      const { directory, name, status } = place;
      if (name === undefined || status === undefined) return;
      // A directory that is a link by now leads to what is not ours.
      if (`/${namesTo(place).join('/')}` !== posix.join(folder, saved)) return;
      const object = pathIn(root, namesOf(path));
      const to = [directory, posix.basename(path)] as const;
      await run(system, (b) => rename(b, [directory, name], to, object));
    });
  } catch (error) {
    if (!isKernelError(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) throw error;
  }
}
