import { dirname } from 'node:path';
import { readBoot } from '../jail/boot.js';
import { parameterProbe } from '../jail/jail/parameter-probe.js';
import { adoptOrphans, type Orphans } from '../jail/process/orphans.js';
import { defaultPatience } from '../jail/process/patience.js';
import { livingJails } from '../jail/living.js';
import { jailRuntime } from '../jail/runtime.js';
import type { ChildMaker } from '../kernel/child.js';
import { openExitWatch, type ExitWatch } from '../kernel/freebsd/exit-watch.js';
import { freebsdCalls } from '../kernel/freebsd/host.js';
import type { LocalFreeBSD } from '../kernel/freebsd/run.js';
import { keepSpareChild } from '../kernel/freebsd/spare-child.js';
import { networksFolder, openNetworks } from '../network/open.js';
import { sweep } from '../network/sweep.js';
import { reason } from '../runtime/error.js';
import type { Host, HostOptions } from './host.js';

/**
 * The runtime of jails on a kernel of FreeBSD, which stays the caller's.
 *
 * @param makeChildren what makes processes on that kernel
 * @throws KernelError, or Error that names a database which cannot be opened; nothing is left then
 */
export async function openJailHost(
  system: LocalFreeBSD,
  { config, runDirectory, warn, report }: HostOptions,
  makeChildren: (exits: ExitWatch) => ChildMaker,
): Promise<Host> {
  const boot = await readBoot(system);
  // All daemons of this host share its networks.
  const folder = networksFolder(dirname(runDirectory));
  const networks = await openNetworks(system, folder, config.networks, (message) => {
    report(new Error(message));
  });
  const exits = await openExitWatch(system).catch((error: unknown) => {
    networks.close();
    throw error;
  });
  const children = keepSpareChild(system, makeChildren(exits));
  const runtime = jailRuntime({
    system,
    children,
    probe: parameterProbe(system),
    patience: defaultPatience,
    defaults: { linuxRelease: config.linuxRelease },
    defaultNetwork: config.network,
    networks: networks.host,
    hookTimeout: config.hookSeconds * 1000,
    warn,
    report,
  });
  let orphans: Orphans | undefined;
  return {
    calls: freebsdCalls(system),
    runtime,
    boot,
    adopt: async () => {
      orphans = await adoptOrphans({ system, report });
      // Nobody has to wait for it: the first container does if it comes sooner.
      void children.prepare();
    },
    sweep: async () => {
      await sweep(networks.host, networks.attachments, () => livingJails(system), {
        swept: (what) => {
          report(new Error(`${what}: there is no jail of it: what it held of the networks was taken back`));
        },
        failed: (what, error) => {
          report(new Error(`${what}: cannot take back what it holds of the networks: ${reason(error)}`));
        },
      }).catch(report);
    },
    close: async () => {
      await children.close();
      await orphans?.close();
      await exits.close();
      networks.close();
    },
  };
}
