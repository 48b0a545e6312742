import { freebsd12Amd64 } from './freebsd12-amd64.js';
import { freebsd13Amd64 } from './freebsd13-amd64.js';
import { freebsd13Arm64 } from './freebsd13-arm64.js';
import { freebsd14Amd64 } from './freebsd14-amd64.js';
import { freebsd14Arm64 } from './freebsd14-arm64.js';
import { freebsd15Amd64 } from './freebsd15-amd64.js';
import { freebsd15Arm64 } from './freebsd15-arm64.js';
import type { Arch, Bindings } from './types.js';

/** Every set of bindings that there is, oldest release first. */
export const allBindings: readonly Bindings[] = [
  freebsd12Amd64,
  freebsd13Amd64,
  freebsd13Arm64,
  freebsd14Amd64,
  freebsd14Arm64,
  freebsd15Amd64,
  freebsd15Arm64,
];

/** The names that FreeBSD (hw.machine, hw.machine_arch) and Node give to the processors. */
const architectures: ReadonlyMap<string, Arch> = new Map([
  ['amd64', 'amd64'],
  ['x64', 'amd64'],
  ['arm64', 'arm64'],
  ['aarch64', 'arm64'],
]);

/**
 * The bindings for a running kernel.
 *
 * @param osreldate kern.osreldate, for instance 1401000 on 14.1
 * @param arch hw.machine or Node's process.arch
 * @throws Error for a release or a processor that we have no bindings for: wrong offsets would corrupt memory,
 * so there is no nearest set
 */
export function selectBindings(osreldate: number, arch: string): Bindings {
  const release = Math.floor(osreldate / 100_000);
  const found = allBindings.find((set) => set.release === release && set.arch === architectures.get(arch));
  if (found !== undefined) return found;
  const known = allBindings.map((set) => `${set.release}/${set.arch}`).join(', ');
  throw new Error(
    `FreeBSD ${release} on ${arch} (kern.osreldate ${osreldate}) is not supported: there are bindings for ${known}`,
  );
}
