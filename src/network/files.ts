import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NetworkHost } from './host.js';
import { overwrite } from './overwrite.js';
import { resolvConf } from './resolv-conf.js';
import type { NetworkSettings } from './settings.js';

/** Files of the host that containers of a network have in the place of their image's, by where they have them. */
export type NetworkFiles = Readonly<Record<'/etc/hosts' | '/etc/resolv.conf', string>>;

/**
 * Writes the files that all containers of a network share. They are written again for each container, in place, as the
 * host's name servers may have changed.
 *
 * @param hostFile the host's own resolv.conf(5)
 */
export function writeNetworkFiles(
  { hosts, folder }: Pick<NetworkHost, 'hosts' | 'folder'>,
  { name, nameservers }: NetworkSettings,
  hostFile = '/etc/resolv.conf',
): NetworkFiles {
  hosts.prepare(name);
  const path = join(folder, `resolv.conf-${name}`);
  overwrite(path, resolvConf(nameservers, readIfThere(hostFile), true));
  return { '/etc/hosts': hosts.pathOf(name), '/etc/resolv.conf': path };
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
