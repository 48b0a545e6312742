import { join } from 'node:path';
import type { RuntimeTools } from '../jail/tools.js';
import { run, type FreeBSD } from '../kernel/freebsd/run.js';
import { readSysctlText } from '../kernel/freebsd/sysctl.js';
import { NetworkFilter } from '../network/filter.js';
import { hostsFiles } from '../network/hosts-file.js';
import type { NetworkSettings } from '../network/settings.js';
import { leaseStore } from '../store/leases.js';
import { macStore } from '../store/macs.js';
import { nameStore } from '../store/names.js';
import { openNetworkStore } from '../store/network-database.js';
import { portStore } from '../store/ports.js';

/** The networks of the configuration, and who is in them. */
export interface OpenNetworks {
  readonly host: RuntimeTools['networks'];
  close(): void;
}

/**
 * Opens what containers hold of networks.
 *
 * @param folder of the files that are kept for them
 * @throws KernelError, or Error that names the database
 */
export async function openNetworks(
  system: FreeBSD,
  networks: readonly NetworkSettings[],
  folder: string,
  warn: (message: string) => void,
): Promise<OpenNetworks> {
  const hostId = await run(system, (b) => readSysctlText(b, 'kern.hostuuid'));
  const store = openNetworkStore(join(folder, 'networks.db'));
  return {
    host: {
      system,
      filter: new NetworkFilter(system, warn),
      leases: leaseStore(store),
      macs: macStore(store),
      ports: portStore(store),
      hosts: hostsFiles(nameStore(store), folder),
      hostId,
      folder,
      networks,
    },
    close: () => store.close(),
  };
}
