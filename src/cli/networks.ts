import { inspectNetwork, listNetworks } from '../network/inspect.js';
import type { NetworkState } from '../network/host.js';
import { loadedRules, loadedRulesText } from '../network/loaded-rules.js';
import { jsonLines, table } from './table.js';

type Networks = Pick<NetworkState, 'system' | 'networks' | 'leases' | 'ports'>;

/** The networks of a host, with how many addresses of each are in use. */
export function networkList(host: Networks, json: boolean): string {
  const networks = listNetworks(host);
  if (json) return jsonLines(networks);
  const rows = networks.flatMap(({ name, bridge, pools }) =>
    pools.map(({ pool, gateway, used, usable }) => [name, bridge, pool, gateway, `${used} of ${usable}`]),
  );
  return table(['NAME', 'BRIDGE', 'ADDRESSES', 'GATEWAY', 'USED'], rows);
}

/** All that is known of networks, and who is in them, as one document. @throws NetworkError if there is none of a name */
export async function networkDocuments(host: Networks, names: readonly string[]): Promise<string> {
  const documents: unknown[] = [];
  for (const name of names) documents.push(await inspectNetwork(host, name));
  return `${JSON.stringify(documents, null, 2)}\n`;
}

/** The rules of the packet filter that are ours, as they are loaded now, in the words of pf.conf(5). @throws KernelError */
export async function networkRules({ system, networks, leases }: Networks): Promise<string> {
  const text = loadedRulesText(
    await loadedRules(
      system,
      networks.map(({ name }) => name),
      leases,
    ),
  );
  return text === '' ? '# no rules of ours are loaded\n' : text;
}
