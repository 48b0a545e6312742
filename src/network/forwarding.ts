import { isKernelError } from '../kernel/error.js';
import type { Family } from '../kernel/freebsd/pf-address.js';
import { run, type FreeBSD } from '../kernel/freebsd/run.js';
import { readSysctlInt, writeSysctlInt } from '../kernel/freebsd/sysctl.js';

const names: Readonly<Record<Family, string>> = {
  inet: 'net.inet.ip.forwarding',
  inet6: 'net.inet6.ip6.forwarding',
};

const rcVariables: Readonly<Record<Family, string>> = {
  inet: 'gateway_enable',
  inet6: 'ipv6_gateway_enable',
};

/** Of which of these families the host forwards no packets. A kernel without a family forwards none of it. */
export async function notForwarded(system: FreeBSD, families: readonly Family[]): Promise<Family[]> {
  const values = await run(system, (b) =>
    families.map((family) => b.attempt(() => readSysctlInt(b, names[family]))),
  );
  return families.filter((_, index) => {
    const value = values[index];
    if (isKernelError(value) && value.code !== 'ENOENT') throw value;
    return isKernelError(value) || value === 0;
  });
}

/** Has the host forward packets of these families. */
export async function turnOnForwarding(system: FreeBSD, families: readonly Family[]): Promise<void> {
  await run(system, (b) => families.map((family) => writeSysctlInt(b, names[family], 1)));
}

/** What is wrong, and what an administrator can do about it, in one line. */
export function forwardingProblem(families: readonly Family[]): { problem: string; remedy: string } {
  const variables = families.map((family) => names[family]);
  const list = variables.join(' and ');
  return {
    problem: `${list} ${variables.length > 1 ? 'are' : 'is'} 0, so this host passes no packets on`,
    remedy:
      `'sysctl ${variables.map((name) => `${name}=1`).join(' ')}' turns it on, and ` +
      `${families.map((family) => `${rcVariables[family]}="YES"`).join(' and ')} in /etc/rc.conf at each boot`,
  };
}
