import type { FreeBSD } from '../kernel/freebsd/run.js';
import type { Family } from '../kernel/freebsd/pf-address.js';
import type { Holder } from '../store/leases.js';
import { assignAddresses, type AssignedAddress } from './addresses.js';
import { ensureBridge } from './bridge.js';
import { refuseBusyPorts } from './busy-ports.js';
import { findNetwork, type Ledger, type NetworkHost } from './host.js';
import { configureInterface, configureLoopback } from './inside.js';
import { takeMac } from './mac.js';
import { findOutside } from './outside.js';
import { halves, makePair } from './pair.js';
import type { PublishedPorts } from './ports.js';
import { reservePorts } from './published.js';
import type { NetworkSettings } from './settings.js';

/** What a container wants of a network. */
export interface ConnectRequest {
  readonly namespace: string;
  readonly id: string;
  /** The jail, which has a network stack of its own. */
  readonly jid: number;
  /** The network's name in the configuration. */
  readonly network: string;
  /** The name of the interface in the jail. */
  readonly interface: string;
  /** Addresses that it must have. */
  readonly addresses: readonly string[];
  readonly ports: readonly PublishedPorts[];
  /** By which other containers of the network find it. */
  readonly names: readonly string[];
}

/** What it got. */
export interface Connection {
  readonly interface: string;
  readonly mac: string;
  readonly addresses: readonly AssignedAddress[];
  /** Of its interface, in bytes. */
  readonly mtu: number;
}

/**
 * Puts a jail on a network: addresses, an interface on the bridge, loopback, default routes, published ports. What is
 * made is in the ledger before it is; after a failure, `disconnect` takes it away as it does otherwise.
 *
 * @throws Error in one line that says what could not be had
 */
export async function connect(
  host: NetworkHost,
  ledger: Ledger,
  request: ConnectRequest,
): Promise<Connection> {
  const network = findNetwork(host, request.network);
  const holder: Holder = { namespace: request.namespace, id: request.id, interface: request.interface };
  // A port that is taken, or an address, is refused before anything is made.
  await host.preparation.prepare(network);
  await refuseBusyPorts(host.system, request.ports, familiesOf(network));
  const translates = await translation(host, network, request.ports);
  ledger.making('lease', holder);
  reservePorts(host.ports, holder, request.ports);
  const addresses = assignAddresses(host.leases, network, holder, request.addresses);
  const mac = takeMac(host.macs, holder, host.hostId);

  const mtu = await ensureBridge(host, network);
  const pair = await makePair(host.system, host.leases, ledger, {
    holder,
    bridge: network.bridge,
    mtu,
    mac,
    jid: request.jid,
  });
  await host.within(request.jid, (inside) => configure(inside, request, halves(pair).jail, addresses));
  if (translates) await loadRules(host, ledger, network, request, addresses);
  const { names } = request;
  host.hosts.add(network.name, holder, { addresses: addresses.map(({ address }) => address), names });
  return { interface: request.interface, mac, addresses, mtu };
}

function familiesOf({ subnets }: NetworkSettings): Family[] {
  return subnets.map(({ prefix }) => prefix.family);
}

/** Whether rules are to be loaded for a container of the network. Throws NetworkError where its ports need what is not there. */
async function translation(
  { filter, preparation }: NetworkHost,
  network: NetworkSettings,
  ports: readonly PublishedPorts[],
): Promise<boolean> {
  if (network.outside === 'none' && ports.length === 0) return false;
  if (!(await filter.check(ports.length > 0))) return false;
  const [main = 'inet'] = familiesOf(network);
  const needed = ports.map(({ address }) => familyOf(address) ?? main);
  await preparation.forward(network, new Set(needed));
  return true;
}

function familyOf(address: string | undefined): Family | undefined {
  if (address === undefined) return undefined;
  return address.includes(':') ? 'inet6' : 'inet';
}

async function configure(
  inside: FreeBSD,
  request: ConnectRequest,
  given: string,
  addresses: readonly AssignedAddress[],
): Promise<void> {
  await configureLoopback(inside);
  await configureInterface(inside, { given, name: request.interface, addresses, isDefault: true });
}

async function loadRules(
  host: NetworkHost,
  ledger: Ledger,
  network: NetworkSettings,
  { namespace, id, ports }: ConnectRequest,
  assigned: readonly AssignedAddress[],
): Promise<void> {
  const outside = await findOutside(host.system, network);
  if (outside === undefined && network.outside === 'auto') {
    host.preparation.tellOnce('containers reach no network but their own: this host has no default route');
  }
  const ruled = { bridge: network.bridge, outside, subnets: network.subnets };
  await host.filter.share(network.name, ruled);
  if (ports.length === 0) return;
  const addresses: Partial<Record<Family, string>> = {};
  for (const { family, address } of assigned) addresses[family] = address;
  ledger.making('anchor', { namespace, id });
  await host.filter.publish(ruled, { namespace, id, addresses, ports, label: label(namespace, id) });
}

/** At most 63 bytes, which an id and a namespace need not keep to. */
function label(namespace: string, id: string): string {
  return `${namespace}/${id}`.replace(/[^\x21-\x7e]|"/g, '?').slice(0, 63);
}
