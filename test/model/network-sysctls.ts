import { fail } from './failure.js';
import { listInterfaces } from './interface-list.js';
import { vnetOf } from './jail.js';
import { intBytes, intFrom, type SysctlEntry } from './sysctl-tree.js';
import type { System } from './system.js';

/** What each network stack has of its own, and begins with. */
const ofIp: Readonly<Record<string, number>> = {
  'net.inet.ip.forwarding': 0,
  'net.inet6.ip6.forwarding': 0,
  'net.inet6.ip6.auto_linklocal': 1,
  'net.inet6.ip6.accept_rtadv': 0,
  'net.inet6.ip6.dad_count': 1,
};
const ofBridges: Readonly<Record<string, number>> = {
  'net.link.bridge.pfil_member': 1,
  'net.link.bridge.pfil_bridge': 1,
  'net.link.bridge.pfil_onlyip': 1,
};

export function addNetworkSysctls({ modules, sysctls }: System): void {
  const values = modules.has('if_bridge') ? { ...ofIp, ...ofBridges } : ofIp;
  for (const [name, value] of Object.entries(values)) sysctls.add(name, stackVariable(name, value));
  if (modules.has('if_epair')) sysctls.add('net.link.epair', { isNode: true });
  sysctls.add('net.routetable', { read: listInterfaces });
}

/** Root of the stack's jail may set it; who only shares the host's may not. */
function stackVariable(name: string, initial: number): SysctlEntry {
  return {
    read: ({ process }) => intBytes(vnetOf(process.jail).settings.get(name) ?? initial),
    write: ({ process, system }, bytes) => {
      const vnet = vnetOf(process.jail);
      if (process.jail.parent !== undefined && vnet === system.network.host) fail('EPERM');
      vnet.settings.set(name, intFrom(bytes));
    },
  };
}
