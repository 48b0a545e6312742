import type { Mount } from './mount.js';
import type { System } from './system.js';

const accessMode = 3;

/** Whether a file of a mount is open for writing. */
export function isOpenForWriting(system: System, mount: Mount): boolean {
  return system.openFiles().some(({ place, flags }) => place?.mount === mount && (flags & accessMode) !== 0);
}

/** The mounts that lie within another one. */
export function mountsWithin(system: System, mount: Mount): Mount[] {
  return system.mounts.list.filter(({ covered }) => covered?.mount === mount);
}

/** The nullfs mounts that show something of a mount. */
export function mountsShowing(system: System, mount: Mount): Mount[] {
  return system.mounts.list.filter(({ lower }) => lower?.mount === mount);
}

/** Whether something keeps a mount from being unmounted without force. */
export function isBusy(system: System, mount: Mount): boolean {
  const { host, list } = system.jails;
  return (
    mountsWithin(system, mount).length > 0 ||
    mountsShowing(system, mount).length > 0 ||
    system.openFiles().some(({ place }) => place?.mount === mount) ||
    system.processes.list.some(({ root, workingDirectory, alive }) => {
      return alive && (root.mount === mount || workingDirectory.mount === mount);
    }) ||
    [host, ...list].some(({ root }) => root.place.mount === mount)
  );
}
