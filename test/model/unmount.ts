import { Failure, fail } from './failure.js';
import { lookupExisting } from './lookup.js';
import type { Mount } from './mount.js';
import { mayMount } from './nmount.js';
import { refuseDeadlyUnmount } from './nullfs.js';
import type { CallContext } from './open-file.js';
import { pathOf } from './place.js';
import { isBusy, mountsShowing } from './usage.js';

/** unmount(2). */
export function unmount(context: CallContext, pathAt: bigint, flags: number): number {
  const { memory, process, system } = context;
  const { constants: c } = system.bindings;
  mayMount(context);
  const text = memory.text(pathAt, c.MNAMELEN);
  const byId = (flags & c.MNT_BYFSID) !== 0;
  const mount = byId ? findById(context, text) : findByPath(context, text);
  if (mount === undefined) fail(byId ? 'ENOENT' : 'EINVAL');
  if (process.jail !== system.jails.host && mount.owner !== process.jail) fail('EPERM');
  if (mount.covered === undefined) fail('EINVAL');
  const forced = (flags & c.MNT_FORCE) !== 0 && (flags & c.MNT_NONBUSY) === 0;
  if (!forced && isBusy(system, mount)) fail('EBUSY');
  // What a nullfs shows is kept by it, unless nothing of it is cached there.
  const kept = mountsShowing(system, mount).some(({ lower, noCache }) => {
    return !noCache || lower?.node === mount.root;
  });
  if (kept) fail('EBUSY');
  refuseDeadlyUnmount(mount);
  mount.dead = true;
  system.mounts.remove(mount);
  return 0;
}

/** The text is compared with where mounts were made, after it was resolved if it can be; the last one is taken. */
function findByPath({ process, system }: CallContext, text: string): Mount | undefined {
  let path = text;
  try {
    path = pathOf(lookupExisting(system, process, process.workingDirectory, text, true));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
  return system.mounts.list.findLast(({ on }) => on === path);
}

/** "FSID:%d:%d", as sscanf(9) reads it: what follows does not matter. */
function findById({ system }: CallContext, text: string): Mount | undefined {
  const match = /^FSID:\s*([-+]?\d+):\s*([-+]?\d+)/.exec(text);
  if (match === null) fail('EINVAL');
  const [first, second] = [match[1], match[2]].map((part) =>
    Number(BigInt.asIntN(32, BigInt((part ?? '0').replace('+', '')))),
  );
  return system.mounts.list.find(({ id }) => id[0] === first && id[1] === second);
}
