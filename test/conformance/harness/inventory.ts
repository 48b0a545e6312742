import { isKernelError } from '../../../src/kernel/error.js';
import { groupMembers } from '../../../src/kernel/freebsd/interface-group.js';
import { listJails } from '../../../src/kernel/freebsd/jail.js';
import { listMounts } from '../../../src/kernel/freebsd/mounts.js';
import { listAnchors } from '../../../src/kernel/freebsd/pf-anchor.js';
import { run, type FreeBSD } from '../../../src/kernel/freebsd/run.js';

/** What cases make and have to clean up, as it is now. */
export async function inventory(system: FreeBSD): Promise<Readonly<Record<string, readonly string[]>>> {
  const jails = await listJails(system, ['name'], { dying: true });
  const mounts = await listMounts(system);
  return {
    anchors: await anchors(system),
    interfaces: await run(system, (b) => groupMembers(b, 'all')),
    jails: jails.map(({ values }) => values.name),
    mounts: mounts.map(({ type, on }) => `${type} on ${on}`),
  };
}

/** Those of the packet filter, if the kernel has one. */
async function anchors(system: FreeBSD): Promise<string[]> {
  return listAnchors(system, '').catch((error: unknown) => {
    if (isKernelError(error, 'ENOENT')) return [];
    throw error;
  });
}
