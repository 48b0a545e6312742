import { isKernelError } from '../../../src/kernel/error.js';
import { statusAt } from '../../../src/kernel/freebsd/file.js';
import { findKernelFile, findModule } from '../../../src/kernel/freebsd/module.js';
import { listMounts } from '../../../src/kernel/freebsd/mounts.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import { findSysctl, readSysctlInt } from '../../../src/kernel/freebsd/sysctl.js';
import type { Machine } from './machine.js';

type Check = (machine: Machine) => boolean | Promise<boolean>;

/** Whether a machine has what a case needs, and what to say if it has not. */
const checks = {
  processes: [({ process }: Machine) => process !== undefined, 'processes: an agent that listens'],
  programs: [(machine: Machine) => hasFile(machine, '/bin/sleep'), 'programs: /bin/sleep'],
  'Linux ABI': [(machine: Machine) => hasSysctl(machine, 'security.jail.param.linux'), 'the Linux ABI'],
  'programs of Linux': [
    (machine: Machine) => hasKernelModule(machine, 'linux64'),
    'programs of Linux: kldload linux64',
  ],
  'securelevel -1': [
    async (machine: Machine) => (await sysctl(machine, 'kern.securelevel')) === -1,
    'a host whose securelevel is -1',
  ],
  'packet filter': [(machine: Machine) => hasFile(machine, '/dev/pf'), 'the packet filter: kldload pf'],
  epair: [(machine: Machine) => hasSysctl(machine, 'net.link.epair'), 'epair(4): kldload if_epair'],
  bridge: [
    (machine: Machine) => hasSysctl(machine, 'net.link.bridge.pfil_member'),
    'if_bridge(4): kldload if_bridge',
  ],
  'no carp': [
    async (machine: Machine) => !(await hasSysctl(machine, 'net.inet.carp.allow')),
    'a kernel without carp(4)',
  ],
  vnet: [(machine: Machine) => hasSysctl(machine, 'security.jail.param.vnet'), 'VIMAGE'],
  accounting: [
    async (machine: Machine) => (await sysctl(machine, 'kern.racct.enable')) === 1,
    'resource accounting: kern.racct.enable=1',
  ],
  'no accounting': [
    async (machine: Machine) => (await sysctl(machine, 'kern.racct.enable')) !== 1,
    'a kernel without resource accounting: kern.racct.enable=0',
  ],
  zfs: [hasZfs, 'zfs: kldload zfs'],
  'no zfs': [
    async (machine: Machine) => {
      const paths = ['/boot/kernel/zfs.ko', '/boot/modules/zfs.ko'];
      const found = await Promise.all(paths.map((path) => hasFile(machine, path)));
      return !(await hasZfs(machine)) && !found.includes(true);
    },
    'a kernel without zfs, and no module of it',
  ],
  'mounted data set': [
    async ({ system }: Machine) => (await listMounts(system)).some(({ type }) => type === 'zfs'),
    'a data set of zfs that is mounted',
  ],
} as const satisfies Readonly<Record<string, readonly [Check, string]>>;

/** What a machine may lack. */
export type Need = keyof typeof checks;

/** Why a machine cannot run a case, or undefined if it can. */
export async function missing(machine: Machine, needs: readonly Need[]): Promise<string | undefined> {
  for (const need of needs) {
    const [check, what] = checks[need];
    if (!(await check(machine))) return `needs ${what}`;
  }
  return undefined;
}

/** It has a parameter of jails exactly while it is in the kernel. */
function hasZfs(machine: Machine): Promise<boolean> {
  return hasSysctl(machine, 'security.jail.param.allow.mount.zfs');
}

/** Loaded, or compiled in. */
async function hasKernelModule({ system }: Machine, name: string): Promise<boolean> {
  const found = await run(system, (b) => [
    b.attempt(() => findKernelFile(b, name)),
    b.attempt(() => findModule(b, name)),
  ]);
  for (const each of found) if (isKernelError(each) && each.code !== 'ENOENT') throw each;
  return found.some((each) => !isKernelError(each));
}

async function hasFile({ system }: Machine, path: string): Promise<boolean> {
  const found = await run(system, (b) => b.attempt(() => statusAt(b, path)));
  if (isKernelError(found) && found.code !== 'ENOENT') throw found;
  return !isKernelError(found);
}

async function hasSysctl({ system }: Machine, name: string): Promise<boolean> {
  const found = await run(system, (b) => b.attempt(() => findSysctl(b, name)));
  if (isKernelError(found) && found.code !== 'ENOENT') throw found;
  return !isKernelError(found);
}

async function sysctl({ system }: Machine, name: string): Promise<number | undefined> {
  const value = await run(system, (b) => b.attempt(() => readSysctlInt(b, name)));
  if (isKernelError(value, 'ENOENT')) return undefined;
  if (isKernelError(value)) throw value;
  return value;
}
