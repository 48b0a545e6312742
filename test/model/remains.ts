import { formatIPv4, formatIPv6 } from '../../src/kernel/freebsd/ip.js';
import type { Interface } from './interface.js';
import { allAnchors } from './pf-state.js';
import { everything, ruleText } from './rctl-rules.js';
import type { System } from './system.js';

/** All that callers of a kernel make and have to clean up, in words. */
export function remains(system: System): string[] {
  system.finishTeardowns();
  const stacks = [...system.network.stacks];
  return [
    ...system.jails.list.map(({ jid, name, dying }) => `jail ${jid} ${name}${dying ? ' (dying)' : ''}`),
    ...system.mounts.list.map(({ type, on, id }) => `mount ${type} on ${on} (${id.join(':')})`),
    ...system.processes.list.map(({ pid, state }) => `process ${pid} (${state})`),
    ...system.processes.list.flatMap(({ pid, descriptors }) => {
      return descriptors.numbers().map((fd) => `descriptor ${fd} of process ${pid}`);
    }),
    ...stacks.flatMap((stack) => stack.interfaces.flatMap((each) => describeInterface(each))),
    ...stacks.flatMap(({ routes }) => routes.map((route) => `route to ${text(route.destination)}`)),
    ...stacks.flatMap(({ filter }) =>
      allAnchors(filter.main).map(({ path }) => `packet filter anchor ${path}`),
    ),
    ...system.limits.list(everything).map((rule) => `limit ${ruleText(rule)}`),
    ...system.rulesets.existing(system).map((ruleset) => `devfs ruleset ${ruleset}`),
  ];
}

function describeInterface({ name, addresses4, addresses6 }: Interface): string[] {
  const addresses = [...addresses4, ...addresses6];
  return [`interface ${name}`, ...addresses.map(({ address }) => `address ${text(address)} of ${name}`)];
}

function text(address: Uint8Array): string {
  return address.byteLength === 4 ? formatIPv4(address) : formatIPv6(address);
}
