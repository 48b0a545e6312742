import { isKernelError } from '../kernel/error.js';
import { findAnchorCalls, missingCalls } from '../kernel/freebsd/pf-anchor-calls.js';
import { openPacketFilter, packetFilterStatus } from '../kernel/freebsd/pf-device.js';
import { run, type FreeBSD } from '../kernel/freebsd/run.js';
import { parentAnchor } from './anchors.js';
import { NetworkError } from './error.js';
import { forwardingProblem, notForwarded } from './forwarding.js';
import { refuseHostNetworks } from './host-networks.js';
import { interfaceModules, missingModules, moduleRemedy } from './modules.js';
import { findOutside } from './outside.js';
import type { NetworkSettings } from './settings.js';

/** One thing that networks need, and whether it is so. */
export interface HealthCheck {
  /** What was looked at, in a few words. */
  readonly name: string;
  readonly ok: boolean;
  /** What is wrong, and what an administrator can do about it, each in one line; missing if nothing is. */
  readonly problem?: string;
  readonly remedy?: string;
}

/**
 * Looks at all that networks need of a host, and changes nothing: what `jailer doctor` prints.
 *
 * @param networks those of the configuration; what only translation needs is looked at if one of them has an outside
 * @throws KernelError for what the kernel does not even tell
 */
export async function networkHealth(
  system: FreeBSD,
  networks: readonly NetworkSettings[],
): Promise<HealthCheck[]> {
  if (networks.length === 0) return [];
  const translated = networks.filter(({ outside }) => outside !== 'none');
  return [
    ...(await modules(system)),
    ...(translated.length === 0 ? [] : await translation(system, translated)),
    ...(await pools(system, networks)),
  ];
}

async function modules(system: FreeBSD): Promise<HealthCheck[]> {
  const missing = new Set<string>(await missingModules(system, interfaceModules));
  return interfaceModules.map((module) =>
    check(`module ${module}`, missing.has(module), {
      problem: `it is not loaded, and is when the first container joins a network, if the kernel allows it then`,
      remedy: moduleRemedy(module),
    }),
  );
}

async function translation(system: FreeBSD, networks: readonly NetworkSettings[]): Promise<HealthCheck[]> {
  return [
    ...(await filter(system)),
    ...(await forwarding(system, networks)),
    ...(await outsides(system, networks)),
  ];
}

async function filter(system: FreeBSD): Promise<HealthCheck[]> {
  const loaded = 'module pf';
  const enabled = 'packet filter';
  const status = await run(system, (b) => b.attempt(() => packetFilterStatus(b, openPacketFilter(b))));
  if (isKernelError(status)) {
    const remedy = moduleRemedy('pf');
    return [check(loaded, true, { problem: `there is no packet filter: ${status.message}`, remedy })];
  }
  const calls = await findAnchorCalls(system, parentAnchor);
  const lines = missingCalls(parentAnchor, calls);
  return [
    check(loaded, false),
    check(enabled, !status.running, {
      problem: 'it is not enabled: containers reach no network but their own, and no port is published',
      remedy: `pf_enable="YES" in /etc/rc.conf and 'service pf start', or 'pfctl -e' for now`,
    }),
    check('anchors in pf.conf', lines.length > 0, {
      problem: `the main ruleset does not call the anchors below "${parentAnchor}", so rules in them have no effect`,
      remedy: `add these lines to /etc/pf.conf, translation before filter rules, and load it with 'pfctl -f /etc/pf.conf': ${lines.join(', ')}`,
    }),
  ];
}

async function forwarding(system: FreeBSD, networks: readonly NetworkSettings[]): Promise<HealthCheck[]> {
  const left = networks.filter(({ prepareHost }) => !prepareHost);
  const used = left.flatMap(({ subnets }) => subnets.map(({ prefix }) => prefix.family));
  const families = (['inet', 'inet6'] as const).filter((family) => used.includes(family));
  const off = await notForwarded(system, families);
  return families.map((family) =>
    check(
      `forwarding of ${family === 'inet' ? 'IPv4' : 'IPv6'}`,
      off.includes(family),
      forwardingProblem([family]),
    ),
  );
}

async function outsides(system: FreeBSD, networks: readonly NetworkSettings[]): Promise<HealthCheck[]> {
  const isAutomatic = networks.some(({ outside }) => outside === 'auto');
  if (!isAutomatic) return [];
  const outside = await findOutside(system, { outside: 'auto' });
  return [
    check('default route', outside === undefined, {
      problem: 'there is none: containers reach no network but their own',
      remedy: `defaultrouter in /etc/rc.conf, or 'outside' of the network in the configuration`,
    }),
  ];
}

async function pools(system: FreeBSD, networks: readonly NetworkSettings[]): Promise<HealthCheck[]> {
  const checks: HealthCheck[] = [];
  for (const network of networks) {
    const name = `addresses of network ${network.name}`;
    try {
      await refuseHostNetworks(system, network, () => undefined);
      checks.push(check(name, false));
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      const remedy = `choose other networks for ipv4 and ipv6 of networks.${network.name} in the configuration`;
      checks.push(check(name, true, { problem: error.message, remedy }));
    }
  }
  return checks;
}

function check(
  name: string,
  isWrong: boolean,
  what: { readonly problem: string; readonly remedy: string } = { problem: '', remedy: '' },
): HealthCheck {
  return isWrong ? { name, ok: false, ...what } : { name, ok: true };
}
