import { isKernelError } from '../kernel/error.js';
import { addIPv4Address, addIPv6Address } from '../kernel/freebsd/address.js';
import type { BatchBuilder, Step } from '../kernel/freebsd/batch-builder.js';
import { addToGroup } from '../kernel/freebsd/interface-group.js';
import {
  createInterface,
  destroyInterface,
  interfaceDescription,
  interfaceFlags,
  interfaceMtu,
  renameInterface,
  setInterfaceDescription,
  setInterfaceFlags,
  setInterfaceMtu,
} from '../kernel/freebsd/interface.js';
import { run, type FreeBSD } from '../kernel/freebsd/run.js';
import { NetworkError } from './error.js';
import { interfaceGroup, type NetworkState } from './host.js';
import { chooseMtu } from './outside.js';
import type { Subnet } from './rules.js';
import type { NetworkSettings } from './settings.js';

type BridgeHost = Pick<NetworkState, 'system' | 'exclusively'>;

/**
 * Sees to it that the bridge of a network is there, is up and has the gateway's addresses. It belongs to no container
 * and stays. One that is there already is used as it is, and gets what it lacks.
 *
 * The members of a bridge have no addresses on the host's side: FreeBSD 15 refuses them, and they confuse all releases.
 *
 * @returns its MTU, which all that is on it must have
 * @throws NetworkError lacking, if it has another MTU than the configured one and its members keep it from changing
 */
export async function ensureBridge(host: BridgeHost, network: NetworkSettings): Promise<number> {
  const { system } = host;
  const { bridge, subnets } = network;
  const there = await run(system, (b) => b.attempt(() => interfaceMtu(b, bridge)));
  if (isKernelError(there) && there.code !== 'ENXIO') throw there;
  const mtu = isKernelError(there)
    ? await makeBridge(host, network, await chooseMtu(system, network))
    : await fitMtu(system, network, there);
  await run(system, (b) => [
    ...subnets.map((subnet) => addGateway(b, bridge, subnet)),
    // The address brings the bridge up only the first time.
    setInterfaceFlags(b, bridge, up),
  ]);
  return mtu;
}

const up = 1;

/**
 * Makes it under a number, and gives it its own name last, so that what has that name is complete. The numbers are in the
 * upper half of those that there are, which nobody else has by chance, and follow from the name: so what a program has
 * left that was killed meanwhile is found.
 */
async function makeBridge(
  { system, exclusively }: BridgeHost,
  network: NetworkSettings,
  mtu: number,
): Promise<number> {
  return exclusively(async () => {
    const there = await run(system, (b) => b.attempt(() => interfaceMtu(b, network.bridge)));
    // Somebody else was quicker: theirs is as good.
    if (!isKernelError(there)) return there;
    if (there.code !== 'ENXIO') throw there;
    const start = numberOf(network.bridge);
    for (let index = 0; index < attempts; index++) {
      const numbered = `bridge${firstUnit + ((start + index) % units)}`;
      if (await isTaken(system, numbered)) continue;
      const built = await buildBridge(system, network, numbered, mtu);
      if (built === 'built') return mtu;
      if (built === 'there') return run(system, (b) => interfaceMtu(b, network.bridge));
    }
    throw new NetworkError(
      'exhausted',
      `network ${network.name}: ${attempts} numbers for a bridge are all taken`,
    );
  });
}

/** Observed: the numbers of interfaces end at 32767. */
const [firstUnit, units] = [16_384, 16_384];
/** A bridge that has got another name keeps its number, and so do bridges of others. */
const attempts = 16;

function numberOf(bridge: string): number {
  return [...Buffer.from(bridge)].reduce((sum, byte) => (sum * 31 + byte) % units, 0);
}

/** Whether there is an interface of this name that is not one of ours which was never finished; that is destroyed. */
async function isTaken(system: FreeBSD, numbered: string): Promise<boolean> {
  const [flags, description] = await run(system, (b) => [
    b.attempt(() => interfaceFlags(b, numbered)),
    b.attempt(() => interfaceDescription(b, numbered)),
  ]);
  if (isKernelError(flags, 'ENXIO')) return false;
  if (isKernelError(flags)) throw flags;
  const isOurs =
    typeof description === 'string' ? /^network /.test(description) : description.code === 'ENOMSG';
  if ((flags & up) !== 0 || !isOurs) return true;
  await run(system, (b) => destroyInterface(b, numbered));
  return false;
}

/**
 * Makes a bridge under its number, and gives it its name, unless a bridge of another name has kept the number, or there is
 * one of its name by now.
 */
async function buildBridge(
  system: FreeBSD,
  { name, bridge }: NetworkSettings,
  numbered: string,
  mtu: number,
): Promise<'built' | 'there' | 'number taken'> {
  try {
    const renamed = await run(system, (b) => {
      createInterface(b, numbered);
      addToGroup(b, numbered, interfaceGroup);
      setInterfaceDescription(b, numbered, `network ${name}`);
      setInterfaceMtu(b, numbered, mtu);
      return b.attempt(() => renameInterface(b, numbered, bridge));
    });
    if (!isKernelError(renamed)) return 'built';
    if (renamed.code !== 'EEXIST') throw renamed;
    await run(system, (b) => destroyInterface(b, numbered));
    return 'there';
  } catch (error) {
    const isTaken = isKernelError(error, 'EEXIST') && error.object.includes('SIOCIFCREATE2');
    if (isTaken) return 'number taken';
    await run(system, (b) => b.attempt(() => destroyInterface(b, numbered)));
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
