import { fail, ModelPanic } from './failure.js';
import { lookupExisting } from './lookup.js';
import type { Mount } from './mount.js';
import type { MountParts, MountRequest } from './mount-types.js';
import { textOf } from './option-list.js';
import { samePlace, type Place } from './place.js';

/** nullfs(5): shows a file or a directory at another place as well. It takes any option. */
export function mountNullfs({ context, options, covered }: MountRequest): MountParts {
  const { system, process } = context;
  const target = options.take('target');
  if (target === undefined) fail('EINVAL');
  if (target.value === undefined) throw new ModelPanic('nmount of nullfs with target {NULL, 0}');
  if (target.value.at(-1) !== 0) fail('EINVAL');
  const from = textOf(target.value);
  const source = lookupExisting(system, process, process.workingDirectory, from, true);
  const under = lowerOf(covered);
  for (let here: Place | undefined = source; here !== undefined; here = lowerOf(here)) {
    if (samePlace(here, covered)) throw new ModelPanic(`nmount of nullfs ${from} on itself`);
  }
  if (under !== undefined && samePlace(under, source)) fail('EDEADLK');
  const bothFiles = source.node.kind === 'file' && covered.node.kind === 'file';
  // Files over files came with 13.2; a directory can be given the look of a file on 12.1.
  if (system.release >= 14 && !bothFiles && source.node.kind !== 'directory') fail('EINVAL');
  if (covered.node.kind !== 'directory' && !(system.release >= 14 && bothFiles)) fail('ENOTDIR');
  return {
    fileSystem: source.node.fileSystem,
    root: source.node,
    from,
    lower: source,
    noCache: options.has('nocache'),
  };
}

/** The place that a place within a nullfs shows. */
export function lowerOf({ mount, node }: Place): Place | undefined {
  return mount.lower === undefined ? undefined : { mount: mount.lower.mount, node };
}

/** What a kernel does not survive when a nullfs is unmounted. */
export function refuseDeadlyUnmount(mount: Mount): void {
  if (mount.lower === undefined) return;
  if (mount.root.kind === 'fifo') throw new ModelPanic(`unmount of a nullfs of the fifo ${mount.from}`);
  if (mount.lookedUpOwnCover) throw new ModelPanic(`unmount of ${mount.on}, a nullfs within its own source`);
}
