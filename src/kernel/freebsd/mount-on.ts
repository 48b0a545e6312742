import { isKernelError } from '../error.js';
import type { BatchBuilder, ResultOf, Step } from './batch-builder.js';
import { mountHere, type Mount } from './mount.js';
import { fileSystemAt, type MountedFileSystem } from './mounts.js';
import { run, type FreeBSD } from './run.js';

/**
 * Mounts a file system on an open directory, or on a name in one: nmount(2) takes only paths, so the working directory
 * of the process is that directory for the time of the call. Nothing else of the process runs meanwhile.
 *
 * @param name undefined for the directory itself
 * @param after is made in the same batch, whether it was mounted or not
 * @returns what is mounted there afterwards: whether it is where it should be has to be seen from that
 * @throws KernelError if it was not mounted, or nobody could say what was
 */
export async function mountOn(
  system: FreeBSD,
  directory: number,
  what: Mount,
  name?: string,
  after?: (b: BatchBuilder) => Step<unknown>,
): Promise<MountedFileSystem> {
  const { mounted, there, back } = await run(system, (b) => {
    const home = workingDirectory(b);
    change(b, directory, what.target);
    const mounted = b.attempt(() => mountHere(b, what, name));
    const there = b.attempt(() => fileSystemAt(b, name ?? '.', what.target));
    const back = b.attempt(() => change(b, home, 'working directory'));
    // Decoded first: nothing else that is wrong with the answer may keep it from being known.
    return { ...(after === undefined ? {} : { after: after(b) }), mounted, there, back };
  });
  // Where it was is gone: a process that stays here would keep the mount busy.
  if (isKernelError(back)) await run(system, (b) => goToRoot(b));
  if (isKernelError(mounted)) throw mounted;
  if (isKernelError(there)) throw there;
  return there;
}

function workingDirectory(b: BatchBuilder): ResultOf {
  const { AT_FDCWD, O_DIRECTORY, O_CLOEXEC } = b.bindings.constants;
  const open = b.attempt(() => {
    const args = [AT_FDCWD, { arena: b.arena.text('.', 'path') }, O_DIRECTORY | O_CLOEXEC, 0];
    return { value: b.call('openat', args, { object: 'working directory' }), decode: () => undefined };
  });
  return b.temporary(open.value);
}

function change(b: BatchBuilder, directory: number | ResultOf, object: string) {
  return { value: b.call('fchdir', [directory], { object }), decode: () => undefined };
}

function goToRoot(b: BatchBuilder) {
  const args = [{ arena: b.arena.text('/', 'path') }];
  return { value: b.call('chdir', args, { object: '/' }), decode: () => undefined };
}
