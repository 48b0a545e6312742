import type { LinuxPlan } from '../plan/linux.js';
import type { MountPlan } from '../plan/mount.js';
import { shown, type Field } from '../spec/field.js';
import { isLinuxRelease } from './release.js';

/**
 * What a jail for Linux programs needs of the kernel: the Linux ABI, and the file systems that it mounts.
 *
 * @param osrelease our own annotation `linux.osrelease`
 * @param fallback the configuration's release, if it has one
 */
export function planLinux(
  mounts: readonly MountPlan[],
  osrelease: Field,
  fallback: string | undefined,
): LinuxPlan {
  const types = new Set(mounts.map(({ type }) => type));
  const modules = ['linprocfs', 'linsysfs'].filter((type) => [...types].some((one) => one === type));
  return { modules: ['linux64', ...modules], osrelease: osrelease.optional(readRelease) ?? fallback };
}

function readRelease(field: Field): string {
  const text = field.text();
  if (!isLinuxRelease(text)) field.invalid(`${shown(text)} is no release of Linux such as 5.15.0`);
  return text;
}
