import assert from 'node:assert/strict';
import { isKernelError } from '../../../src/kernel/error.js';
import { groupMembers } from '../../../src/kernel/freebsd/interface-group.js';
import { listJails } from '../../../src/kernel/freebsd/jail.js';
import { listMounts } from '../../../src/kernel/freebsd/mounts.js';
import { listAnchors } from '../../../src/kernel/freebsd/pf-anchor.js';
import { run, type FreeBSD } from '../../../src/kernel/freebsd/run.js';
import { rctl } from './limits.js';

/** What cases make and have to clean up, as it is now. */
export async function inventory(system: FreeBSD): Promise<Readonly<Record<string, readonly string[]>>> {
  const jails = await listJails(system, ['name'], { dying: true });
  const mounts = await listMounts(system);
  return {
    anchors: await anchors(system),
    interfaces: await run(system, (b) => groupMembers(b, 'all')),
    limits: await limits(system),
    jails: jails.map(({ values }) => values.name),
    mounts: mounts.map(({ type, on }) => `${type} on ${on}`),
  };
}

/** All rules of rctl(8), if the kernel has accounting. */
async function limits({ kernel }: FreeBSD): Promise<string[]> {
  const { error, text } = await rctl(kernel, 'rctl_get_rules', '');
  assert.ok(['', 'ENOSYS'].includes(error), `rctl_get_rules: ${error}`);
  return text === '' ? [] : text.split(',');
}

/** Those of the packet filter, if the kernel has one. */
async function anchors(system: FreeBSD): Promise<string[]> {
  return listAnchors(system, '').catch((error: unknown) => {
    if (isKernelError(error, 'ENOENT')) return [];
    throw error;
  });
}
