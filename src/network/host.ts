import type { Exclusively } from '../kernel/freebsd/pf-load.js';
import type { FreeBSD } from '../kernel/freebsd/run.js';
import type { LeaseStore } from '../store/leases.js';
import type { MacStore } from '../store/macs.js';
import type { PortStore } from '../store/ports.js';
import { NetworkError } from './error.js';
import type { NetworkFilter } from './filter.js';
import type { HostsFiles } from './hosts-file.js';
import type { Preparation } from './preparation.js';
import type { NetworkSettings } from './settings.js';

/** The host whose networks containers join. */
export interface NetworkHost {
  readonly system: FreeBSD;
  /** Has all programs of ours take turns at what the kernel has one of. */
  readonly exclusively: Exclusively;
  readonly filter: NetworkFilter;
  readonly preparation: Preparation;
  readonly leases: LeaseStore;
  readonly macs: MacStore;
  readonly ports: PortStore;
  readonly hosts: HostsFiles;
  /** Where files for containers are written; below the run directory. */
  readonly folder: string;
  /** What tells this host from another: kern.hostuuid. */
  readonly hostId: string;
  readonly networks: readonly NetworkSettings[];
  /** Has something done by a process in the jail, which is gone when it is done. */
  within<T>(jid: number, body: (system: FreeBSD) => Promise<T>): Promise<T>;
}

/** The host without those who go into jails: enough to take things away. */
export type NetworkState = Omit<NetworkHost, 'within'>;

/** What is about to be made for a container, written down before; the same as the runtimes' journal. */
export interface Ledger {
  making(kind: string, detail: unknown): number;
  unmade(seq: number): void;
}

/** The group of interfaces by which those that are ours are known, as in `ifconfig -g jailnet`. */
export const interfaceGroup = 'jailnet';

/** The network of that name. @throws Error that names those that there are */
export function findNetwork({ networks }: Pick<NetworkHost, 'networks'>, name: string): NetworkSettings {
  const found = networks.find((network) => network.name === name);
  if (found !== undefined) return found;
  const names = networks.map((network) => network.name).join(', ');
  throw new NetworkError(
    'invalid',
    `network ${JSON.stringify(name.slice(0, 64))}: there is none, only ${names || 'no networks at all'}`,
  );
}
