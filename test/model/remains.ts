import type { System } from './system.js';

/** All that callers of a kernel make and have to clean up, in words. */
export function remains(system: System): string[] {
  return [
    ...system.jails.list.map(({ jid, name, dying }) => `jail ${jid} ${name}${dying ? ' (dying)' : ''}`),
    ...system.mounts.list.map(({ type, on, id }) => `mount ${type} on ${on} (${id.join(':')})`),
    ...system.processes.list.map(({ pid, state }) => `process ${pid} (${state})`),
    ...system.processes.list.flatMap(({ pid, descriptors }) => {
      return descriptors.numbers().map((fd) => `descriptor ${fd} of process ${pid}`);
    }),
    ...system.rulesets.existing(system).map((ruleset) => `devfs ruleset ${ruleset}`),
  ];
}
