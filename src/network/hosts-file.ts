import { join } from 'node:path';
import { overwrite } from './overwrite.js';
import type { NamedAddresses, NameStore } from '../store/names.js';
import type { Holder } from '../store/leases.js';

/**
 * The /etc/hosts of all containers of a network: one file, mounted into each. So a container that comes or goes costs
 * one write, however many there are, and all of them know it at once.
 */
export interface HostsFiles {
  /** The file of a network, which is there after `prepare`, and after the first container joined. */
  pathOf(network: string): string;
  /** Writes the file of a network, so that it can be mounted before its container has an address. */
  prepare(network: string): void;
  add(network: string, holder: Holder, named: NamedAddresses): void;
  remove(holder: Holder): void;
}

export function hostsFiles(names: NameStore, folder: string): HostsFiles {
  const pathOf = (network: string): string => join(folder, `hosts-${network}`);
  const write = (network: string, all: readonly NamedAddresses[]): void => {
    overwrite(pathOf(network), hostsText(all));
  };
  return {
    pathOf,
    prepare: (network) => {
      names.read(network, (all) => {
        write(network, all);
      });
    },
    add: (network, holder, { addresses, names: wanted }) => {
      const usable = [...new Set(wanted)].filter(isHostName);
      names.set(network, holder, { addresses, names: usable }, (all) => {
        write(network, all);
      });
    },
    remove: (holder) => {
      names.release(holder, write);
    },
  };
}

/** The text of hosts(5): loopback, then a line for each address that has a name. */
export function hostsText(all: readonly NamedAddresses[]): string {
  const lines = all
    .filter(({ names }) => names.length > 0)
    .flatMap(({ addresses, names }) => addresses.map((address) => `${address}\t${names.join(' ')}`));
  return ['127.0.0.1\tlocalhost', '::1\tlocalhost', ...lines].map((line) => `${line}\n`).join('');
}

/**
 * Whether others can look up the name: letters, digits, hyphens and dots, as RFC 1123 (section 2.1) has it, and
 * underscores, as they are common. A name comes from an image or a user: nothing else may get into the file.
 */
export function isHostName(name: string): boolean {
  return (
    name.length <= 253 && /^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$/.test(name) && name !== 'localhost'
  );
}
