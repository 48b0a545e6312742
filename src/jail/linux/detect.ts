import { annotation } from '../spec/annotations.js';
import type { Field } from '../spec/field.js';
import { ownAnnotation } from '../spec/own-annotations.js';
import { isLinuxType } from './mount-types.js';

/** File systems that only Linux programs want, and that containerd mounts for images of Linux. */
const emulated = new Set(['linprocfs', 'linsysfs']);

/**
 * Whether a spec is for Linux programs. containerd writes a `linux` section for all Unix systems, so that it says
 * nothing. Decided by our own annotation `os`, else by nerdctl's `nerdctl/platform`, else by the types of the mounts:
 * containerd gives images of Linux a linprocfs and a linsysfs, and what was written on Linux has types of Linux.
 */
export function isForLinux(annotations: Readonly<Record<string, string>>, mounts: Field): boolean {
  const os = ownAnnotation(annotations, 'os').optional((field) => field.oneOf('linux', 'freebsd'));
  if (os !== undefined) return os === 'linux';
  const platform = annotation(annotations, 'nerdctl/platform').optional((field) => field.text());
  if (platform !== undefined) return platform.startsWith('linux/');
  return mounts.elements().some((mount) => {
    const type = mount.member('type').optional((field) => field.anyText());
    return type !== undefined && (emulated.has(type) || isLinuxType(type));
  });
}
