import { isKernelError } from '../kernel/error.js';
import { addIPv4Address, addIPv6Address } from '../kernel/freebsd/address.js';
import type { BatchBuilder, Step } from '../kernel/freebsd/batch-builder.js';
import { addToGroup } from '../kernel/freebsd/interface-group.js';
import {
  createInterface,
  destroyInterface,
  interfaceMtu,
  renameInterface,
  setInterfaceDescription,
  setInterfaceFlags,
  setInterfaceMtu,
} from '../kernel/freebsd/interface.js';
import { run, type FreeBSD } from '../kernel/freebsd/run.js';
import { NetworkError } from './error.js';
import { interfaceGroup } from './host.js';
import { chooseMtu } from './outside.js';
import type { Subnet } from './rules.js';
import type { NetworkSettings } from './settings.js';

/**
 * Sees to it that the bridge of a network is there, is up and has the gateway's addresses. It belongs to no container
 * and stays. One that is there already is used as it is, and gets what it lacks.
 *
 * The members of a bridge have no addresses on the host's side: FreeBSD 15 refuses them, and they confuse all releases.
 *
 * @returns its MTU, which all that is on it must have
 * @throws NetworkError lacking, if it has another MTU than the configured one and its members keep it from changing
 */
export async function ensureBridge(system: FreeBSD, network: NetworkSettings): Promise<number> {
  const { bridge, subnets } = network;
  const there = await run(system, (b) => b.attempt(() => interfaceMtu(b, bridge)));
  if (isKernelError(there) && there.code !== 'ENXIO') throw there;
  const mtu = isKernelError(there)
    ? await makeBridge(system, network, await chooseMtu(system, network))
    : await fitMtu(system, network, there);
  await run(system, (b) => [
    ...subnets.map((subnet) => addGateway(b, bridge, subnet)),
    // The address brings the bridge up only the first time.
    setInterfaceFlags(b, bridge, up),
  ]);
  return mtu;
}

const up = 1;

/** Makes it under a name of the kernel's choice; its own it gets last, so that what has that name is complete. */
async function makeBridge(system: FreeBSD, { name, bridge }: NetworkSettings, mtu: number): Promise<number> {
  const made = await run(system, (b) => createInterface(b, 'bridge'));
  try {
    const renamed = await run(system, (b) => {
      const group = addToGroup(b, made, interfaceGroup);
      const description = setInterfaceDescription(b, made, `network ${name}`);
      const size = setInterfaceMtu(b, made, mtu);
      return { group, description, size, renamed: b.attempt(() => renameInterface(b, made, bridge)) };
    });
    if (!isKernelError(renamed.renamed)) return mtu;
    // Somebody else was quicker: theirs is as good.
    if (renamed.renamed.code !== 'EEXIST') throw renamed.renamed;
    await run(system, (b) => destroyInterface(b, made));
    return await run(system, (b) => interfaceMtu(b, bridge));
  } catch (error) {
    await run(system, (b) => b.attempt(() => destroyInterface(b, made)));
    throw error;
  }
}

/** Changes the MTU of a bridge that is there, if another one is configured. */
async function fitMtu(system: FreeBSD, network: NetworkSettings, mtu: number): Promise<number> {
  const { bridge, mtu: wanted = mtu } = network;
  if (wanted === mtu) return mtu;
  const changed = await run(system, (b) => b.attempt(() => setInterfaceMtu(b, bridge, wanted)));
  if (!isKernelError(changed)) return wanted;
  if (changed.code !== 'EINVAL') throw changed;
  throw new NetworkError(
    'lacking',
    `network ${network.name}: bridge ${bridge} and its members have an MTU of ${mtu}, not ${wanted} as configured: ` +
      `it can change when no container is on it`,
    { cause: changed },
  );
}

function addGateway(b: BatchBuilder, bridge: string, { prefix, gateway }: Subnet): Step<void> {
  const add = prefix.family === 'inet' ? addIPv4Address : addIPv6Address;
  return add(b, bridge, { address: gateway, prefix: prefix.length });
}
