import type { PoolRange } from '../store/leases.js';
import {
  contains,
  formatAddress,
  formatPrefix,
  overlaps,
  parseAddress,
  parsePrefix,
  sizeOf,
  type Prefix,
} from './prefix.js';
import type { Subnet } from './rules.js';

/** A network as the configuration has it, checked. */
export interface NetworkSettings {
  readonly name: string;
  /** The name of its bridge interface, which is made if it is not there. */
  readonly bridge: string;
  /** What the programs of a container see its interface called. */
  readonly interface: string;
  /** One subnet of each family at most, and at least one. */
  readonly subnets: readonly Subnet[];
  /** The interface by which packets leave the host; `auto` is that of the default route, `none` means no translation. */
  readonly outside: string;
  /** MTU of the bridge and of the interfaces on it, in bytes; undefined: that of the interface by which packets leave. */
  readonly mtu: number | undefined;
  /** Whether the host may be changed for it: forwarding turned on, the packet filter's module loaded. */
  readonly prepareHost: boolean;
  /** Addresses of name servers for the containers; none: those of the host. */
  readonly nameservers: readonly string[];
}

/** The network that there is without configuration. Its IPv6 addresses are unique local ones (RFC 4193). */
const standard = { ipv4: '10.88.0.0/16', ipv6: 'fd6a:6169:6c00:88::/64' } as const;

/** The name of the network that containers join which name none. */
export const standardNetwork = 'default';

/** Linux programs expect it, and FreeBSD's do not mind. */
const usualInterface = 'eth0';

/** IFNAMSIZ less the NUL. */
const longestInterface = 15;
/** Numbers of leases stay small; a pool of 2^32 addresses is as good as a larger one. */
const mostAddresses = 2n ** 32n;

/**
 * Reads the `networks` table of the configuration: a table for each network, by its name. Without the table there is
 * one, `default`.
 *
 * @throws Error that begins with the key
 */
export function readNetworks(value: unknown): NetworkSettings[] {
  const tables = value === undefined ? { [standardNetwork]: standard } : record('networks', value);
  const networks = Object.entries(tables).map(([name, table]) => readNetwork(name, table));
  for (const [index, one] of networks.entries()) {
    for (const other of networks.slice(0, index)) refuseClash(other, one);
  }
  return networks;
}

/**
 * Reads the table of one network, which a CNI runtime calls `name`. Here its name begins with `cni.`, as none of the
 * configuration does: leases, rules and files of both are in the same places.
 *
 * @throws Error that begins with the key
 */
export function readCniNetwork(name: string, table: Record<string, unknown>): NetworkSettings {
  // The specification's form; the length is what an anchor has room for.
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,47}$/.test(name)) {
    throw new Error(
      `name: ${JSON.stringify(name.slice(0, 64))}: letters, digits, '_', '.' and '-', one of the first two first, 48 in all`,
    );
  }
  return readTable(`cni.${name}`, `cni-${name}`, '', table);
}

function readNetwork(name: string, value: unknown): NetworkSettings {
  const key = `networks.${name}`;
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(name)) {
    throw new Error(
      `${key}: a network's name is a small letter, then at most 31 small letters, digits and '-'`,
    );
  }
  return readTable(name, `jail-${name}`, `${key}.`, record(key, value));
}

/**
 * @param usualBridge what its bridge is called if nothing is said
 * @param prefix of keys in errors
 */
function readTable(
  name: string,
  usualBridge: string,
  prefix: string,
  table: Record<string, unknown>,
): NetworkSettings {
  const known = [
    ...[
      'bridge',
      'interface',
      'ipv4',
      'ipv6',
      'gateway',
      'gateway6',
      'outside',
      'mtu',
      'prepare_host',
      'nameservers',
    ],
  ];
  const unknown = Object.keys(table).find((each) => !known.includes(each));
  const of = prefix === '' ? `network ${name}` : prefix.slice(0, -1);
  if (unknown !== undefined) throw new Error(`${of}: unknown key ${JSON.stringify(unknown)}`);
  const subnets = [
    ...readSubnet(prefix, table, 'ipv4', 'gateway'),
    ...readSubnet(prefix, table, 'ipv6', 'gateway6'),
  ];
  if (subnets.length === 0) throw new Error(`${of}: ipv4 or ipv6 is needed`);
  return {
    name,
    bridge: readBridge(`${prefix}bridge`, usualBridge, table['bridge']),
    interface: interfaceName(`${prefix}interface`, table['interface'] ?? usualInterface),
    subnets,
    outside: interfaceName(`${prefix}outside`, table['outside'] ?? 'auto'),
    mtu: readMtu(`${prefix}mtu`, table['mtu'], subnets),
    prepareHost: flag(`${prefix}prepare_host`, table['prepare_host'] ?? false),
    nameservers: readNameservers(`${prefix}nameservers`, table['nameservers'] ?? []),
  };
}

function readSubnet(
  before: string,
  table: Record<string, unknown>,
  which: 'ipv4' | 'ipv6',
  gatewayKey: 'gateway' | 'gateway6',
): Subnet[] {
  const pool = table[which];
  const gateway = table[gatewayKey];
  if (pool === undefined) {
    if (gateway !== undefined) throw new Error(`${before}${gatewayKey}: there is no ${which}`);
    return [];
  }
  const prefix = parsePrefix(`${before}${which}`, text(`${before}${which}`, pool));
  if ((prefix.family === 'inet') !== (which === 'ipv4')) {
    throw new Error(`${before}${which}: '${formatPrefix(prefix)}' is of the other family`);
  }
  refuseReserved(`${before}${which}`, prefix);
  if (sizeOf(prefix) < 4n) {
    throw new Error(`${before}${which}: '${formatPrefix(prefix)}' has no room for a gateway and a container`);
  }
  if (gateway === undefined) {
    return [{ prefix, gateway: formatAddress({ family: prefix.family, value: prefix.base + 1n }) }];
  }
  return [
    {
      prefix,
      gateway: readGateway(`${before}${gatewayKey}`, prefix, text(`${before}${gatewayKey}`, gateway)),
    },
  ];
}

/** What is no network for hosts: loopback, link-local and multicast addresses, and those that mean nobody (RFC 6890). */
const reserved = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/3',
  '::/8',
  'fe80::/10',
  'ff00::/8',
].map((text) => parsePrefix('reserved', text));

function refuseReserved(key: string, prefix: Prefix): void {
  const found = reserved.find((each) => overlaps(each, prefix));
  if (found === undefined) return;
  throw new Error(
    `${key}: '${formatPrefix(prefix)}' is in ${formatPrefix(found)}, whose addresses are no hosts'`,
  );
}

function readGateway(key: string, prefix: Prefix, value: string): string {
  const address = parseAddress(key, value);
  const { first, last } = leasable(prefix);
  const host = address.value - prefix.base;
  if (!contains(prefix, address) || host < BigInt(first) || host > BigInt(last)) {
    throw new Error(`${key}: '${value}' is not an address for hosts in ${formatPrefix(prefix)}`);
  }
  return formatAddress(address);
}

/**
 * Which addresses of a network are for hosts, as numbers from its base: not the first (the network, or the routers'
 * anycast address of IPv6, RFC 4291 section 2.6.1) and not IPv4's last (broadcast).
 */
export function leasable(prefix: Prefix): PoolRange {
  const size = sizeOf(prefix) < mostAddresses ? sizeOf(prefix) : mostAddresses;
  const last = Number(size - (prefix.family === 'inet' ? 2n : 1n));
  return { pool: formatPrefix(prefix), first: 1, last };
}

function readBridge(key: string, usual: string, value: unknown): string {
  if (value !== undefined) return interfaceName(key, value);
  if (usual.length <= longestInterface && interfaceForm.test(usual)) return usual;
  throw new Error(
    `${key}: needed, as '${usual}' is no name of an interface, or longer than the ${longestInterface} bytes of one`,
  );
}

const interfaceForm = /^[A-Za-z][A-Za-z0-9._-]*$/;

function readNameservers(key: string, value: unknown): string[] {
  if (!Array.isArray(value)) throw new Error(`${key}: is no list`);
  return value.map((each, index) =>
    formatAddress(parseAddress(`${key}[${index}]`, text(`${key}[${index}]`, each))),
  );
}

function refuseClash(one: NetworkSettings, other: NetworkSettings): void {
  if (one.bridge === other.bridge) {
    throw new Error(`networks.${other.name}.bridge: '${other.bridge}' is the bridge of network ${one.name}`);
  }
  for (const { prefix } of other.subnets) {
    const clash = one.subnets.find((subnet) => overlaps(subnet.prefix, prefix));
    if (clash !== undefined) {
      throw new Error(
        `networks.${other.name}: ${formatPrefix(prefix)} overlaps ${formatPrefix(clash.prefix)} of network ${one.name}`,
      );
    }
  }
}

function record(key: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${key}: is no table`);
  return value as Record<string, unknown>;
}

function text(key: string, value: unknown): string {
  if (typeof value !== 'string') throw new Error(`${key}: is no text`);
  return value;
}

function integer(key: string, value: unknown, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`${key}: ${String(value)} is not an integer from ${least} to ${most}`);
}

/** IPv6 wants 1280 bytes of every link: RFC 8200, section 5. */
function readMtu(key: string, value: unknown, subnets: readonly Subnet[]): number | undefined {
  const least = subnets.some(({ prefix }) => prefix.family === 'inet6') ? 1280 : 576;
  return value === undefined ? undefined : integer(key, value, least, 65535);
}

function flag(key: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new Error(`${key}: is neither true nor false`);
}

function interfaceName(key: string, value: unknown): string {
  const name = text(key, value);
  if (interfaceForm.test(name) && name.length <= longestInterface) return name;
  throw new Error(
    `${key}: ${JSON.stringify(name.slice(0, 40))} is not the name of an interface: a letter, then letters, digits, '.', '_', '-', ` +
      `${longestInterface} in all`,
  );
}
