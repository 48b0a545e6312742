import type { DevfsTree } from './devfs.js';
import type { FileSystem, Node } from './file-tree.js';
import type { Jail } from './jail.js';
import { samePlace, type Place } from './place.js';
import type { System } from './system.js';

export type FileSystemId = readonly [number, number];

/** A mounted file system. */
export interface Mount {
  readonly type: string;
  readonly fileSystem: FileSystem;
  readonly root: Node;
  /** What a nullfs shows. */
  readonly lower: Place | undefined;
  /** nullfs: it does not keep the file system below from being unmounted by force. */
  readonly noCache: boolean;
  readonly from: string;
  readonly on: string;
  readonly id: FileSystemId;
  /** Where it lies; undefined of the root file system. */
  readonly covered: Place | undefined;
  /** The jail of whoever mounted it, which cannot be gone before; undefined of the root file system. */
  readonly owner: Jail | undefined;
  readOnly: boolean;
  noSymlinkFollow: boolean;
  /** MNT_* bits as they are told. */
  flags: bigint;
  /** The flags that statfs(2) told last, which is what a nullfs on it adds to its own. */
  toldFlags: bigint;
  /** It was unmounted by force: what is still open or stands in it is dead. */
  dead: boolean;
  /** nullfs within its own source: the directory that it covers was looked up through it. */
  lookedUpOwnCover: boolean;
  readonly devfs: DevfsTree | undefined;
}

/** The numbers by which types are known in ids, and in f_type. */
const typeNumbers: Readonly<Record<string, number>> = {
  ufs: 53,
  tmpfs: 135,
  nullfs: 41,
  devfs: 113,
  fdescfs: 89,
  procfs: 2,
  linprocfs: 181,
  linsysfs: 138,
  unionfs: 65,
  zfs: 222,
};

export function typeNumber(type: string): number {
  return typeNumbers[type] ?? 99;
}

/** The mounts, in the order in which they were made. */
export class MountTable {
  list: Mount[] = [];
  #made = 0;

  /** Ids count up, and their first number is often negative. */
  newId(type: string): FileSystemId {
    this.#made++;
    return [-2_029_977_811 + this.#made, typeNumber(type)];
  }

  get root(): Mount {
    const root = this.list.find(({ covered }) => covered === undefined);
    if (root === undefined) throw new Error('no root file system');
    return root;
  }

  remove(mount: Mount): void {
    this.list = this.list.filter((other) => other !== mount);
  }
}

/**
 * Adds a mount to the table. Whoever had his root or working directory where it lies is in it now, jails as well.
 */
export function addMount(system: System, mount: Mount): void {
  system.mounts.list.push(mount);
  const inside: Place = { mount, node: mount.root };
  const moved = (place: Place): Place => {
    return mount.covered !== undefined && samePlace(place, mount.covered) ? inside : place;
  };
  for (const process of system.processes.list) {
    process.root = moved(process.root);
    process.workingDirectory = moved(process.workingDirectory);
  }
  for (const jail of [system.jails.host, ...system.jails.list]) jail.root.place = moved(jail.root.place);
}
