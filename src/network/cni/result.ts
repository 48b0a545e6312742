import type { Connection } from '../connect.js';
import type { CniVersion } from './config.js';

/** What a plugin answers to ADD (specification 1.1, section "Success"). What others put into it is passed on as it is. */
export interface CniResult {
  readonly interfaces: readonly object[];
  readonly ips: readonly object[];
  readonly routes: readonly object[];
  readonly dns: object;
}

/** Reads the result of plugins that ran before. Throws an Error that names the key. */
export function readResult(key: string, value: unknown): CniResult {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${key}: is no object`);
  const table = value as Record<string, unknown>;
  const dns = table['dns'] ?? {};
  if (typeof dns !== 'object' || Array.isArray(dns)) throw new Error(`${key}.dns: is no object`);
  return {
    interfaces: objects(`${key}.interfaces`, table['interfaces']),
    ips: objects(`${key}.ips`, table['ips']),
    routes: objects(`${key}.routes`, table['routes']),
    dns,
  };
}

/** What connecting gave, behind what there was before: indexes count from there. */
export function resultOf(
  { interface: name, mac, addresses, mtu }: Connection,
  host: { readonly bridge: string; readonly pair: string },
  sandbox: string,
  dns: Readonly<Record<string, unknown>>,
  previous: CniResult | undefined,
): CniResult {
  const before = previous?.interfaces ?? [];
  const own = [{ name: host.bridge }, { name: host.pair, mtu }, { name, mac, mtu, sandbox }];
  return {
    interfaces: [...before, ...own],
    ips: [
      ...(previous?.ips ?? []),
      ...addresses.map(({ address, prefix, gateway }) => ({
        interface: before.length + own.length - 1,
        address: `${address}/${prefix}`,
        gateway,
      })),
    ],
    routes: [
      ...(previous?.routes ?? []),
      ...addresses.map(({ family, gateway }) => ({
        dst: family === 'inet' ? '0.0.0.0/0' : '::/0',
        gw: gateway,
      })),
    ],
    dns: { ...previous?.dns, ...dns },
  };
}

/** A result as a version of the specification has it: before 1.0 each address said of which family it is. */
export function writeResult(version: CniVersion, { interfaces, ips, routes, dns }: CniResult): object {
  const inVersion =
    version === '0.4.0'
      ? ips.map((ip) => ({
          version: String((ip as { address?: unknown }).address).includes(':') ? '6' : '4',
          ...ip,
        }))
      : ips;
  // The MTU of an interface came with 1.1.
  const known = interfaces.map((each) => {
    const { mtu, ...rest } = each as { mtu?: number };
    return version === '1.1.0' && mtu !== undefined ? { ...rest, mtu } : rest;
  });
  return { cniVersion: version, interfaces: known, ips: inVersion, routes, dns };
}

function objects(key: string, value: unknown): object[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Error(`${key}: is no list`);
  return value.map((each: unknown, index) => {
    if (typeof each !== 'object' || each === null) throw new Error(`${key}[${index}]: is no object`);
    return each;
  });
}
