import { mkdirSync } from 'node:fs';
import type { LocalKernel } from '../kernel/kernel.js';
import { mount, mountFlags } from '../kernel/linux/mount.js';
import { RuntimeError, reason } from '../runtime/error.js';
import type { Journal } from '../runtime/journal.js';
import type { RootfsMount } from '../runtime/runtime.js';
import { parseMountOptions } from './mount-options.js';
import { targetInside } from './mount-target.js';
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
  const target = targetInside(rootfs, one.target);
  const options = parseMountOptions(one.options);
  refuseUnsupported(type, target, options.data);
  const isBind = (options.flags & mountFlags.bind) !== 0 || type === 'bind';
  const flags = options.flags | (isBind ? mountFlags.bind : 0);
  journal.making('mount', { target } satisfies MountDetail);
  try {
    if (isBind) {
      mount(kernel, {
        source,
        target,
        type: '',
        flags: flags & (mountFlags.bind | mountFlags.recursive),
        data: '',
      });
      const more = flags & bindRemount;
      if (more !== 0) {
        const remount = more | mountFlags.bind | mountFlags.remount;
        mount(kernel, { source: '', target, type: '', flags: remount, data: '' });
      }
    } else {
      mountFileSystem(kernel, source, target, type, flags, options.data);
    }
    for (const change of options.propagation) {
      mount(kernel, { source: '', target, type: '', flags: change, data: '' });
    }
  } catch (error) {
    throw new RuntimeError(
      'failed',
      `rootfs mount of type ${type || 'bind'} from ${source}: ${reason(error)}`,
      {
        cause: error,
      },
    );
  }
}

function mountFileSystem(
  kernel: LocalKernel,
  source: string,
  target: string,
  type: string,
  flags: number,
  data: readonly string[],
): void {
  const call = (options: readonly string[]): void => {
    mount(kernel, { source, target, type, flags, data: options.join(',') });
  };
  const compact = type === 'overlay' ? compactOverlay(data) : { directory: undefined, data };
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
