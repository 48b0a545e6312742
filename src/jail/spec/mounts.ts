import type { RootfsMount } from '../../runtime/runtime.js';
import { translateType } from '../linux/mount-types.js';
import type { DevicePlan, MountPlan } from '../plan/mount.js';
import { readDevfsOptions } from './devfs-options.js';
import { Field, shown } from './field.js';
import { readMountOptions, type TypeOption } from './mount-options.js';
import { containerPath, hostPath } from './paths.js';
import { readTmpfsOptions } from './tmpfs-options.js';

/** Mounts, and the rules for devices that came with them. */
export interface MountsPlan {
  readonly mounts: readonly MountPlan[];
  readonly devices: readonly DevicePlan[];
}

/** How the mounts of a spec are to be read. */
export interface MountContext {
  /** the bundle's directory, where relative sources begin */
  readonly bundle: string;
  readonly isLinux: boolean;
}

/** `mounts` of a spec, in its order. */
export function planMounts(mounts: Field, context: MountContext): MountsPlan {
  const read = mounts.elements().flatMap((mount) => {
    const destination = containerPath(mount.member('destination'));
    if (destination === '/') mount.member('destination').invalid('a mount cannot replace the root');
    return readMount(mount, destination, context) ?? [];
  });
  return {
    mounts: read.map(({ plan }) => plan),
    devices: read.flatMap(({ devices }) => devices),
  };
}

/** What containerd wants mounted on the root. */
export function planRootfs(rootfs: readonly RootfsMount[], bundle: string): MountPlan[] {
  return rootfs.flatMap(({ type, source, target, options }, index) => {
    const mount = new Field(`rootfs[${index}]`, { type, source, target: target || '/', options });
    const destination = containerPath(mount.member('target'));
    return readMount(mount, destination, { bundle, isLinux: false })?.plan ?? [];
  });
}

interface ReadMount {
  readonly plan: MountPlan;
  readonly devices: readonly DevicePlan[];
}

function readMount(mount: Field, destination: string, context: MountContext): ReadMount | undefined {
  const type = typeOf(mount, destination, context.isLinux);
  if (type === undefined) return undefined;
  for (const name of ['uidMappings', 'gidMappings']) {
    const mappings = mount.member(name);
    if (!mappings.empty) mappings.unsupported('FreeBSD does not map the ids of a mount');
  }
  const { flags, rest } = readMountOptions(mount.member('options'));
  const source = mount.member('source');
  const at = { destination, flags };
  const none: readonly DevicePlan[] = [];
  switch (type) {
    case 'nullfs':
      refuseRest(type, rest);
      return { plan: { type, source: hostPath(source, context.bundle), ...at }, devices: none };
    case 'zfs':
      refuseRest(type, rest);
      return { plan: { type, dataset: dataset(source), ...at }, devices: none };
    case 'tmpfs':
      return { plan: { type, ...readTmpfsOptions(rest), ...at }, devices: none };
    case 'devfs': {
      const { ruleset, devices } = context.isLinux ? linuxDevfs(mount, rest) : readDevfsOptions(rest);
      return { plan: { type, ...(ruleset === undefined ? {} : { ruleset }), ...at }, devices };
    }
    case 'fdescfs': {
      const links = rest.filter(({ name }) => name === 'linrdlnk');
      refuseRest(
        type,
        rest.filter(({ name }) => name !== 'linrdlnk'),
      );
      return { plan: { type, linuxLinks: context.isLinux || links.length > 0, ...at }, devices: none };
    }
    case 'procfs':
    case 'linprocfs':
    case 'linsysfs':
      refuseRest(type, rest);
      return { plan: { type, ...at }, devices: none };
    default:
      return mount.member('type').unsupported(`a jail cannot have the file system ${shown(type)}`);
  }
}

/** The type by FreeBSD's name. OCI allows none, or "none", with an option that says that it is a bind mount. */
function typeOf(mount: Field, destination: string, isLinux: boolean): string | undefined {
  const type = mount.member('type').optional((field) => field.anyText()) ?? '';
  if (type === 'bind') return 'nullfs';
  if (type === '' || type === 'none') {
    const options = mount
      .member('options')
      .elements()
      .map((one) => one.anyText());
    if (options.includes('bind') || options.includes('rbind')) return 'nullfs';
    mount.member('type').invalid('missing');
  }
  return isLinux ? translateType(type, destination) : type;
}

/** A tmpfs of Linux on /dev has options that say nothing of devices. */
function linuxDevfs(mount: Field, rest: readonly TypeOption[]): ReturnType<typeof readDevfsOptions> {
  return readDevfsOptions(mount.member('type').anyText() === 'tmpfs' ? [] : rest);
}

function refuseRest(type: string, rest: readonly TypeOption[]): void {
  for (const { name, field } of rest) field.unsupported(`${type} has no option ${shown(name)}`);
}

function dataset(source: Field): string {
  const name = source.text();
  // ZFS_MAX_DATASET_NAME_LEN, and MNAMELEN of the kernel's mount options, are above this.
  if (
    name.length > 255 ||
    !/^[A-Za-z0-9][A-Za-z0-9_.: -]*(\/[A-Za-z0-9_.: -]+)*(@[A-Za-z0-9_.: -]+)?$/.test(name)
  ) {
    source.invalid(`${shown(name)} is no dataset of ZFS`);
  }
  return name;
}
