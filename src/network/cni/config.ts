import { checkPublished, type PublishedPorts } from '../ports.js';
import { readCniNetwork, type NetworkSettings } from '../settings.js';
import { cniCode, CniError } from './error.js';
import { readResult, type CniResult } from './result.js';

/** The versions of the specification that this plugin speaks, oldest first. */
export const supportedVersions = ['0.4.0', '1.0.0', '1.1.0'] as const;
export type CniVersion = (typeof supportedVersions)[number];

/** Another interface of a container, as GC names those that are still in use. */
export interface Attachment {
  readonly containerID: string;
  readonly ifname: string;
}

/** A network configuration, as a CNI runtime writes it to standard input. */
export interface CniConfig {
  readonly version: CniVersion;
  /** What the runtime calls the network. */
  readonly name: string;
  readonly network: NetworkSettings;
  /** Name servers, domain, search list and options for the runtime to write down: what stands under `dns`. */
  readonly dns: Readonly<Record<string, unknown>>;
  readonly ports: readonly PublishedPorts[];
  /** Addresses that the runtime asks for (capability `ips`), without prefixes. */
  readonly addresses: readonly string[];
  /** By which other containers find this one (capability `aliases`, or K8S_POD_NAME of CNI_ARGS). */
  readonly aliases: readonly string[];
  /** What plugins before this one made. */
  readonly previous: CniResult | undefined;
  /** GC: who is to keep what they have. */
  readonly attachments: readonly Attachment[] | undefined;
}

/** Keys of ours; those of the specification stand beside them. */
const ours = ['bridge', 'ipv4', 'ipv6', 'gateway', 'gateway6', 'outside', 'mtu', 'prepare_host'] as const;

/**
 * Reads a configuration.
 *
 * @throws CniError: that it is no JSON, of an unknown version, or which key is wrong
 */
export function readConfig(input: string): CniConfig {
  const table = parse(input);
  const version = readVersion(table);
  try {
    const runtime = object('runtimeConfig', table['runtimeConfig'] ?? {});
    return {
      version,
      name: text('name', table['name']),
      network: readNetwork(table),
      dns: readDns(table['dns'] ?? {}),
      ports: list('runtimeConfig.portMappings', runtime['portMappings'] ?? []).map(readPort),
      addresses: list('runtimeConfig.ips', runtime['ips'] ?? []).map((each, index) =>
        text(`runtimeConfig.ips[${index}]`, each).replace(/\/\d+$/, ''),
      ),
      aliases: readAliases(runtime['aliases'], table['name']),
      previous: table['prevResult'] === undefined ? undefined : readResult('prevResult', table['prevResult']),
      attachments: readAttachments(table['cni.dev/valid-attachments']),
    };
  } catch (error) {
    if (error instanceof CniError) throw error;
    throw new CniError(cniCode.invalidConfiguration, (error as Error).message, { cause: error });
  }
}

/** The version that an answer is to be written in, for configurations that are wrong otherwise too. */
export function versionOf(input: string): CniVersion {
  try {
    return readVersion(parse(input));
  } catch (error) {
    if (error instanceof CniError) return '1.0.0';
    throw error;
  }
}

function parse(input: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(input);
  } catch (error) {
    throw new CniError(
      cniCode.decodingFailure,
      `the network configuration is not JSON: ${(error as Error).message}`,
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CniError(cniCode.decodingFailure, 'the network configuration is no JSON object');
  }
  return value as Record<string, unknown>;
}

function readVersion(table: Record<string, unknown>): CniVersion {
  const version = supportedVersions.find((each) => each === table['cniVersion']);
  if (version !== undefined) return version;
  const given = JSON.stringify(table['cniVersion'] ?? null).slice(0, 64);
  throw new CniError(
    cniCode.incompatibleVersion,
    `cniVersion ${given}: this plugin speaks ${supportedVersions.join(', ')}`,
  );
}

/** The network that the configuration describes: in our terms it is one of the `networks` table. */
function readNetwork(table: Record<string, unknown>): NetworkSettings {
  const name = text('name', table['name']);
  const own = Object.fromEntries(
    ours.filter((key) => table[key] !== undefined).map((key) => [key, table[key]]),
  );
  const dns = object('dns', table['dns'] ?? {});
  const hasPool = own['ipv4'] !== undefined || own['ipv6'] !== undefined;
  if (table['ipam'] !== undefined && Object.keys(object('ipam', table['ipam'])).length > 0) {
    throw new CniError(
      cniCode.unsupportedField,
      'ipam: this plugin leases addresses itself, from the networks in ipv4 and ipv6',
    );
  }
  if (!hasPool) throw new Error('ipv4 or ipv6 is needed: a network such as 10.88.0.0/16');
  return readCniNetwork(name, { ...own, nameservers: dns['nameservers'] ?? [] });
}

/** The nameservers are checked with the network. */
function readDns(value: unknown): Record<string, unknown> {
  const dns = object('dns', value);
  if (dns['domain'] !== undefined) text('dns.domain', dns['domain']);
  for (const key of ['search', 'options']) {
    list(`dns.${key}`, dns[key] ?? []).forEach((each, index) => text(`dns.${key}[${index}]`, each));
  }
  const known = ['nameservers', 'domain', 'search', 'options'];
  return Object.fromEntries(Object.entries(dns).filter(([key]) => known.includes(key)));
}

function readPort(value: unknown, index: number): PublishedPorts {
  const key = `runtimeConfig.portMappings[${index}]`;
  const table = object(key, value);
  const protocol = table['protocol'] ?? 'tcp';
  if (protocol !== 'tcp' && protocol !== 'udp') {
    throw new Error(`${key}.protocol: ${JSON.stringify(protocol).slice(0, 64)}: tcp or udp can be published`);
  }
  const port = (name: string): { first: number; last: number } => {
    const number = table[name];
    if (typeof number !== 'number') throw new Error(`${key}.${name}: is no number`);
    return { first: number, last: number };
  };
  const address = table['hostIP'] === undefined ? '' : text(`${key}.hostIP`, table['hostIP']);
  return checkPublished(key, {
    protocol,
    address: address === '' ? undefined : address,
    host: port('hostPort'),
    container: port('containerPort'),
  });
}

/** The capability `aliases`: names by network. */
function readAliases(value: unknown, network: unknown): string[] {
  if (value === undefined) return [];
  const all = object('runtimeConfig.aliases', value);
  const key = `runtimeConfig.aliases.${String(network)}`;
  return list(key, all[String(network)] ?? []).map((each, index) => text(`${key}[${index}]`, each));
}

function readAttachments(value: unknown): Attachment[] | undefined {
  if (value === undefined) return undefined;
  const key = 'cni.dev/valid-attachments';
  return list(key, value).map((each, index) => {
    const table = object(`${key}[${index}]`, each);
    return {
      containerID: text(`${key}[${index}].containerID`, table['containerID']),
      ifname: text(`${key}[${index}].ifname`, table['ifname']),
    };
  });
}

function object(key: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${key}: is no object`);
  return value as Record<string, unknown>;
}

function list(key: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`${key}: is no list`);
  return value as readonly unknown[];
}

function text(key: string, value: unknown): string {
  if (typeof value !== 'string') throw new Error(`${key}: is no text`);
  return value;
}
