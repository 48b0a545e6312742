import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readSysctlText } from '../kernel/freebsd/sysctl.js';
import { run, type FreeBSD } from '../kernel/freebsd/run.js';
import { leaseStore } from '../store/leases.js';
import { macStore } from '../store/macs.js';
import { nameStore } from '../store/names.js';
import { openNetworkStore } from '../store/network-database.js';
import { portStore } from '../store/ports.js';
import { NetworkFilter } from './filter.js';
import type { NetworkHost } from './host.js';
import { hostsFiles } from './hosts-file.js';
import type { NetworkSettings } from './settings.js';

/** The networks of a host, but for who goes into jails for them. */
export type OpenNetworks = Omit<NetworkHost, 'within'> & {
  /** Closes the database; what containers hold stays theirs. */
  close(): void;
};

/**
 * Opens the networks of a host.
 *
 * @param folder what all programs that use the networks of this host share: below the run directory, gone with a reboot
 * @param warn told, in one line, what does not work but is no reason to fail
 * @throws Error that names the file that cannot be opened, KernelError if the kernel does not say who this host is
 */
export async function openNetworks(
  system: FreeBSD,
  folder: string,
  networks: readonly NetworkSettings[],
  warn: (message: string) => void,
): Promise<OpenNetworks> {
  const hostId = await run(system, (b) => readSysctlText(b, 'kern.hostuuid'));
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const store = openNetworkStore(join(folder, 'network.db'));
  return {
    system,
    networks,
    folder,
    hostId,
    filter: new NetworkFilter(system, warn),
    leases: leaseStore(store),
    macs: macStore(store),
    ports: portStore(store),
    hosts: hostsFiles(nameStore(store), folder),
    close: () => {
      store.close();
    },
  };
}
