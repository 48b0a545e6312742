import { mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileCalls } from '../../kernel/files.js';
import type { FileLocks } from '../content/file-lock.js';
import { copyRoots } from './copy.js';
import { overlayRoots } from './overlay.js';
import { placesIn } from './places.js';
import type { Roots, RootsHost, RootsKind } from './roots.js';
import { datasetOf, zfs, zfsRoots } from './zfs.js';

export interface OpenRoots {
  /** of the data directory; made if it is missing */
  readonly directory: string;
  readonly locks: FileLocks;
  readonly files: FileCalls;
  /** absent: the best that this host has */
  readonly kind?: RootsKind | undefined;
}

/** An overlay's upper directory cannot lie on an overlay: OVERLAYFS_SUPER_MAGIC of linux/magic.h. */
const overlayMagic = 0x794c7630;

/** Opens the roots of a data directory: overlay on Linux, ZFS where the directory lies on it, otherwise copies. */
export async function openRoots({ directory, locks, files, kind }: OpenRoots): Promise<Roots> {
  await mkdir(directory, { recursive: true, mode: 0o711 });
  const dataset = process.platform === 'freebsd' || kind === 'zfs' ? await datasetOf(directory) : undefined;
  const chosen = kind ?? (await bestKind(directory, dataset));
  const host: RootsHost = { places: placesIn(directory, chosen), locks, files };
  if (chosen === 'zfs') return await openZfs(host, dataset, directory);
  for (const each of [host.places.unpacked, host.places.containers]) {
    await mkdir(each, { recursive: true, mode: 0o711 });
  }
  return chosen === 'overlay' ? overlayRoots(host) : copyRoots(host);
}

async function bestKind(directory: string, dataset: string | undefined): Promise<RootsKind> {
  if (dataset !== undefined) return 'zfs';
  if (process.platform !== 'linux') return 'copy';
  return (await statfs(directory)).type === overlayMagic ? 'copy' : 'overlay';
}

async function openZfs(host: RootsHost, dataset: string | undefined, directory: string): Promise<Roots> {
  if (dataset === undefined) throw new Error(`${directory} does not lie on ZFS`);
  const { places } = host;
  const parent = dataset.endsWith('/jailer-roots') ? dataset : `${dataset}/jailer-roots`;
  await zfs('create', '-p', '-o', `mountpoint=${places.directory}`, '-o', 'atime=off', parent);
  for (const name of ['unpacked', 'containers']) {
    await zfs('create', '-p', `${parent}/${name}`);
    await mkdir(join(places.directory, name), { recursive: true, mode: 0o711 });
  }
  return zfsRoots(host, parent);
}
