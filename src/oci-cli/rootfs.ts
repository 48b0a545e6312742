import { mkdirSync } from 'node:fs';
import type { LocalKernel } from '../kernel/kernel.js';
import { mount, mountFlags, type Mount } from '../kernel/linux/mount.js';
import { RuntimeError, reason } from '../runtime/error.js';
import type { Journal } from '../runtime/journal.js';
import type { RootfsMount } from '../runtime/runtime.js';
import { parseMountOptions } from './mount-options.js';
import { openInside, type MountTarget } from './mount-target.js';
import { compactOverlay } from './overlay.js';

/** What the journal says of a mount: where it was made. */
export interface MountDetail {
  readonly target: string;
}

/** Flags that a bind mount takes only from a remount of it (mount(2), "Creating a bind mount"). */
const bindRemount = ~(mountFlags.bind | mountFlags.recursive | mountFlags.remount);

/**
 * Mounts what containerd wants on the root of a bundle, in order.
 *
 * @throws RuntimeError that names type and target; what was mounted by then is in the journal
 */
export function mountRootfs(
  kernel: LocalKernel,
  rootfs: string,
  mounts: readonly RootfsMount[],
  journal: Journal,
): void {
  if (mounts.length === 0) return;
  makeRootfs(rootfs);
  for (const one of mounts) mountOne(kernel, rootfs, one, journal);
}

/** The bundle that it lies in is there. Not `recursive`: see makeDirectories. */
function makeRootfs(rootfs: string): void {
  try {
    mkdirSync(rootfs, { mode: 0o711 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function mountOne(kernel: LocalKernel, rootfs: string, one: RootfsMount, journal: Journal): void {
  const { type, source } = one;
  refuseNul(one);
  const options = parseMountOptions(one.options);
  refuseUnsupported(type, one.target, options.data);
  const isBind = (options.flags & mountFlags.bind) !== 0 || type === 'bind';
  const flags = options.flags | (isBind ? mountFlags.bind : 0);
  const target = openInside(rootfs, one.target);
  try {
    journal.making('mount', { target: target.path() } satisfies MountDetail);
    if (isBind) {
      const bind = flags & (mountFlags.bind | mountFlags.recursive);
      mount(kernel, { ...on(target), source, flags: bind });
    } else {
      mountFileSystem(kernel, { ...on(target), source, type, flags }, options.data);
    }
    const remount = isBind ? flags & bindRemount : 0;
    const changes = [
      ...(remount === 0 ? [] : [remount | mountFlags.bind | mountFlags.remount]),
      ...options.propagation,
    ];
    if (changes.length > 0) changeMount(kernel, rootfs, one.target, target, changes);
  } catch (error) {
    throw new RuntimeError(
      'failed',
      `rootfs mount of type ${type || 'bind'} from ${source}: ${reason(error)}`,
      {
        cause: error,
      },
    );
  } finally {
    target.close();
  }
}

/** A mount on a target, of which the rest is to be filled in. */
function on(target: MountTarget): Mount {
  return { source: '', target: target.file, shown: target.path(), type: '', flags: 0, data: '' };
}

/** The descriptor names what is below the new mount, which is to be changed: that has a descriptor of its own. */
function changeMount(
  kernel: LocalKernel,
  rootfs: string,
  name: string,
  below: MountTarget,
  changes: readonly number[],
): void {
  const target = openInside(rootfs, name);
  try {
    if (target.path() !== below.path()) throw new Error(`${below.path()}: moved while it was mounted`);
    for (const flags of changes) mount(kernel, { ...on(target), flags });
  } finally {
    target.close();
  }
}

function mountFileSystem(kernel: LocalKernel, what: Mount, data: readonly string[]): void {
  const call = (options: readonly string[]): void => {
    mount(kernel, { ...what, data: options.join(',') });
  };
  const compact = what.type === 'overlay' ? compactOverlay(data) : { directory: undefined, data };
  if (compact.directory === undefined) {
    call(compact.data);
    return;
  }
  // The directory of the process is changed for one call that nothing can come between.
  const before = process.cwd();
  process.chdir(compact.directory);
  try {
    call(compact.data);
  } finally {
    process.chdir(before);
  }
}

/** Kinds of mounts that need a helper program, a loop device or a user namespace, none of which is made here. */
function refuseUnsupported(type: string, target: string, data: readonly string[]): void {
  const option = data.find((one) => one === 'loop' || /^[ug]idmap=/.test(one));
  if (type.startsWith('fuse.') || type.startsWith('fuse3.') || option !== undefined) {
    const what = option === undefined ? `type ${type}` : `option ${option}`;
    throw new RuntimeError('unsupported', `rootfs mount on ${target}: ${what} is not supported`);
  }
}

/** A NUL ends a string in the kernel, but not here: what would be mounted is not what was asked for. */
function refuseNul({ type, source, target, options }: RootfsMount): void {
  if ([type, source, target, ...options].some((text) => text.includes('\0'))) {
    throw new RuntimeError('invalid', `rootfs mount of type ${type} from ${source}: contains a NUL`);
  }
}
