import { readFile } from 'node:fs/promises';
import { reason } from '../../runtime/error.js';
import { check, type Check, type Shortfall } from './check.js';

/** What is asked of a Linux host. */
export interface LinuxHost {
  /** asks the OCI runtime what it can do; fails if there is none */
  readonly features: () => Promise<unknown>;
  readonly filesystems?: string;
  readonly mounts?: string;
}

/** Looks at what containers need of a Linux host. */
export async function linuxChecks({
  features,
  filesystems = '/proc/filesystems',
  mounts = '/proc/self/mounts',
}: LinuxHost): Promise<Check[]> {
  return [
    check('OCI runtime', await runtime(features)),
    check(
      'overlay',
      await overlay(filesystems),
      'quick starts: without it, each container has a copy of its image',
    ),
    check('cgroups', await cgroups(mounts)),
  ];
}

async function runtime(features: () => Promise<unknown>): Promise<Shortfall | undefined> {
  try {
    await features();
    return undefined;
  } catch (error) {
    return { problem: reason(error), remedy: 'apt-get install crun, or apt-get install runc' };
  }
}

async function overlay(filesystems: string): Promise<Shortfall | undefined> {
  const known = (await readFile(filesystems, 'utf8')).split('\n').map((line) => line.split('\t').at(-1));
  if (known.includes('overlay')) return undefined;
  return {
    problem: 'the kernel has no overlay file system, or has not loaded it yet',
    remedy: 'modprobe overlay; at each boot: echo overlay > /etc/modules-load.d/overlay.conf',
  };
}

async function cgroups(mounts: string): Promise<Shortfall | undefined> {
  const types = (await readFile(mounts, 'utf8')).split('\n').map((line) => line.split(' ')[2]);
  if (types.includes('cgroup2') || types.includes('cgroup')) return undefined;
  return { problem: 'no cgroups are mounted', remedy: 'mount -t cgroup2 cgroup2 /sys/fs/cgroup' };
}
