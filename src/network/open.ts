import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readSysctlText } from '../kernel/freebsd/sysctl.js';
import { run, type FreeBSD } from '../kernel/freebsd/run.js';
import type { Store } from '../store/database.js';
import { attachmentStore, type AttachmentStore } from '../store/attachments.js';
import { leaseStore } from '../store/leases.js';
import { macStore } from '../store/macs.js';
import { nameStore } from '../store/names.js';
import { openNetworkStore } from '../store/network-database.js';
import { portStore } from '../store/ports.js';
import { openTurns, type Turns } from '../store/turns.js';
import { NetworkFilter } from './filter.js';
import type { NetworkState } from './host.js';
import { hostsFiles } from './hosts-file.js';
import { Preparation } from './preparation.js';
import type { NetworkSettings } from './settings.js';

/** The networks of a host, but for who goes into jails for them. */
export interface OpenNetworks {
  readonly host: NetworkState;
  /** What CNI runtimes asked for. */
  readonly attachments: AttachmentStore;
  /** Closes the database; what containers hold stays theirs. */
  close(): void;
}

/** The folder of networks below the run directory of all daemons of a host, who share it with the CNI plugin. */
export function networksFolder(runDirectory: string): string {
  return join(runDirectory, 'networks');
}

/**
 * Opens the networks of a host.
 *
 * @param folder what all programs that use the networks of this host share (`networksFolder`): gone with a reboot
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
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const store = openNetworkStore(join(folder, 'networks.db'));
  const turns = openLock(join(folder, 'turns.lock'), store);
  return {
    host: {
      system,
      networks,
      folder,
      hostId,
      exclusively: turns.take,
      filter: new NetworkFilter(system, warn, turns.take),
      preparation: new Preparation(system, warn),
      leases: leaseStore(store),
      macs: macStore(store),
      ports: portStore(store),
      hosts: hostsFiles(nameStore(store), folder),
    },
    attachments: attachmentStore(store),
    close: () => {
      turns.close();
      store.close();
    },
  };
}

function openLock(path: string, store: Store): Turns {
  try {
    return openTurns(path);
  } catch (error) {
    store.close();
    throw error;
  }
}
