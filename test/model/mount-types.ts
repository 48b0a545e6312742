import { DevfsTree } from './devfs.js';
import { fdescfsRoot } from './fdescfs.js';
import { FileSystem, newDirectory, type Node } from './file-tree.js';
import { fail } from './failure.js';
import { lookupExisting } from './lookup.js';
import type { Mount } from './mount.js';
import { refuseUnknown, type MountWish } from './mount-options.js';
import { mountNullfs } from './nullfs.js';
import type { CallContext } from './open-file.js';
import { textOf, type OptionList } from './option-list.js';
import type { Place } from './place.js';
import { procfsRoot } from './procfs.js';
import { scanPrefix } from './scan.js';
import { mountTmpfs, updateTmpfs } from './tmpfs.js';
import { zfs } from './zfs.js';

/** What a type of file system is asked for. */
export interface MountRequest {
  readonly context: CallContext;
  readonly options: OptionList;
  readonly wish: MountWish;
  /** Where it shall lie. */
  readonly covered: Place;
}

/** What makes a mount one of its type. */
export type MountParts = Pick<Mount, 'fileSystem' | 'root' | 'from'> &
  Partial<Pick<Mount, 'lower' | 'noCache' | 'devfs'>>;

export interface MountType {
  mount(request: MountRequest): MountParts;
  /** Changes a mount that is there; without it that is EOPNOTSUPP. */
  update?(mount: Mount, request: Omit<MountRequest, 'covered'>): void;
  /** It tells no flags at all. */
  readonly silent?: boolean;
}

/** Those that list what the kernel has, and take any option. */
function synthetic(type: string, root: (fileSystem: FileSystem) => Node): MountType {
  return {
    mount: () => {
      const fileSystem = new FileSystem(type);
      return { fileSystem, root: root(fileSystem), from: type };
    },
  };
}

const devfs: MountType = {
  silent: true,
  mount: ({ context, options }) => {
    refuseUnknown(options, ['from', 'export', 'ruleset']);
    const ruleset = rulesetOf(context, options);
    const tree = new DevfsTree(context.system);
    if (ruleset !== 0) tree.use(ruleset, true);
    return { fileSystem: tree.fileSystem, root: tree.root, from: 'devfs', devfs: tree };
  },
  update: (mount, { context, options }) => {
    refuseUnknown(options, ['from', 'export', 'ruleset']);
    const ruleset = rulesetOf(context, options);
    if (ruleset !== 0) mount.devfs?.use(ruleset, true);
  },
};

/** In a jail it is always that of the jail, and naming another is refused. */
function rulesetOf({ process, system }: CallContext, options: OptionList): number {
  const option = options.take('ruleset');
  let ruleset = 0;
  if (option !== undefined) {
    const text = option.value?.at(-1) === 0 ? textOf(option.value) : '';
    const number = scanPrefix(text, 10);
    if (number === undefined || number < 0 || number > 65535) {
      options.refuse('EINVAL', 'invalid ruleset specification');
    }
    ruleset = number;
  }
  if (process.jail === system.jails.host) return ruleset;
  const own = process.jail.devfsRuleset;
  return ruleset !== 0 && ruleset !== own ? fail('EPERM') : own;
}

/** Of disks, of which there are none to be mounted: ffs_mount(). */
const ufs: MountType = {
  mount: ({ context: { process, system }, options }) => {
    const from = options.string('from', 1024) ?? fail('EINVAL');
    lookupExisting(system, process, process.workingDirectory, from, true);
    return fail('ENOTBLK');
  },
};

/** The types that this kernel may have; which it has is a matter of its modules. */
export const mountTypes: Readonly<Record<string, MountType>> = {
  tmpfs: { mount: mountTmpfs, update: updateTmpfs },
  nullfs: { mount: mountNullfs },
  devfs,
  fdescfs: {
    silent: true,
    mount: ({ options }) => {
      const fileSystem = new FileSystem('fdescfs');
      return { fileSystem, root: fdescfsRoot(fileSystem, options.has('linrdlnk')), from: 'fdescfs' };
    },
  },
  procfs: synthetic('procfs', procfsRoot),
  linprocfs: synthetic('linprocfs', procfsRoot),
  linsysfs: synthetic('linsysfs', (fileSystem) => newDirectory(fileSystem, 0o555)),
  ufs,
  zfs,
};
