import type { FileKind } from '../../src/kernel/freebsd/file-status.js';
import type { Device } from './file-tree.js';
import { fail } from './failure.js';
import { isWithin, type Jail } from './jail.js';
import type { OpenFile } from './open-file.js';
import type { Process } from './process.js';

/** A device, or a symbolic link, that every devfs shows. */
export interface DeviceEntry {
  /** Below /dev. */
  readonly path: string;
  readonly kind: Extract<FileKind, 'character device' | 'symlink'>;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly device?: Device;
  readonly target?: string;
  /** Who made it: only those in that jail and around it see it. */
  readonly jail?: Jail;
  readonly isDisk?: boolean;
}

/** The devices of the kernel. Terminals come and go. */
export class DeviceRegistry {
  entries: DeviceEntry[] = [];

  add(entry: DeviceEntry): void {
    this.entries = [...this.entries, entry];
  }

  remove(path: string): void {
    this.entries = this.entries.filter((entry) => entry.path !== path);
  }
}

/** devfs_prison_check(): a session's own terminal is always there for it. */
export function isVisible({ jail, path }: DeviceEntry, process: Process): boolean {
  return jail === undefined || isWithin(jail, process.jail) || process.session.terminal === path;
}

/** The devices that every kernel has and that containers are given or must not be given. */
export function standardDevices(registry: DeviceRegistry): void {
  const plain: readonly (readonly [name: string, mode: number])[] = [
    ['null', 0o666],
    ['zero', 0o666],
    ['full', 0o666],
    ['random', 0o644],
    ['console', 0o600],
    ['mem', 0o640],
    ['kmem', 0o640],
    ['io', 0o600],
    ['klog', 0o600],
    ['devctl', 0o600],
    ['bpf', 0o600],
    ['fd/0', 0o666],
    ['fd/1', 0o666],
    ['fd/2', 0o666],
  ];
  for (const [path, mode] of plain) {
    registry.add({ path, kind: 'character device', mode, uid: 0, gid: 0, device: quietDevice(path) });
  }
  const disk = { kind: 'character device', mode: 0o640, uid: 0, gid: 5, isDisk: true } as const;
  registry.add({ path: 'md0', ...disk, device: quietDevice('md0') });
  const links = { stdin: 'fd/0', stdout: 'fd/1', stderr: 'fd/2', urandom: 'random', bpf0: 'bpf' };
  for (const [path, target] of Object.entries(links)) {
    registry.add({ path, kind: 'symlink', mode: 0o755, uid: 0, gid: 0, target });
  }
}

/** What linux64.ko makes for a tmpfs to be mounted on, as no directory can be made in a devfs: linux_util.c. */
export const linuxSharedMemory: DeviceEntry = {
  ...{ path: 'shm/.mountpoint', kind: 'character device', mode: 0, uid: 0, gid: 0 },
  device: quietDevice('shm/.mountpoint'),
};

/** A device that swallows what is written; /dev/zero and its like give zeros, the others nothing. */
function quietDevice(name: string): Device {
  const zeros = ['zero', 'full', 'random'].includes(name);
  return {
    name,
    open: (process, flags): OpenFile => ({
      jail: process.jail,
      references: 0,
      flags,
      read: ({ memory }, address, length) => {
        if (zeros) memory.at(address, length).fill(0);
        return zeros ? length : 0;
      },
      write: (_, __, length) => (name === 'full' ? fail('ENOSPC') : length),
    }),
  };
}
