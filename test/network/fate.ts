import { readSysctlInt } from '../../src/kernel/freebsd/sysctl.js';
import { formatIPv4, formatIPv6 } from '../../src/kernel/freebsd/ip.js';
import { run } from '../../src/kernel/freebsd/run.js';
import { parseAddress, type Address } from '../../src/network/prefix.js';
import type { Interface } from '../model/interface.js';
import { decision, redirected, sourceGiven, type Asked, type Packet } from '../model/pf-evaluate.js';
import type { Vnet } from '../model/vnet.js';
import type { TestHost } from './harness.js';

/** What becomes of a packet: who gets it, at which port, and from whom it seems to be; or where it is lost. */
export type Fate = { readonly to: string; readonly port: number; readonly from: string } | string;

const [tcp, up] = [6, 1];

interface Wire {
  readonly asked: Asked;
  readonly host: Vnet;
  readonly forwards: (address: Uint8Array) => Promise<boolean>;
  readonly stacks: ReadonlyMap<string, Vnet>;
}

function wireOf({ model, system }: TestHost): Wire {
  const { network, bindings, jails } = model.system;
  const names = { 4: 'net.inet.ip.forwarding', 16: 'net.inet6.ip6.forwarding' } as const;
  return {
    asked: { vnet: network.host, bindings },
    host: network.host,
    forwards: async ({ byteLength }) =>
      (await run(system, (b) => readSysctlInt(b, names[byteLength as 4 | 16]))) !== 0,
    stacks: new Map(jails.list.flatMap(({ name, vnet }) => (vnet === undefined ? [] : [[name, vnet]]))),
  };
}

/** A packet of TCP that a program in a jail sends. */
export async function sendFromJail(host: TestHost, jail: string, to: string, port: number): Promise<Fate> {
  const wire = wireOf(host);
  const stack = wire.stacks.get(jail);
  const own = stack?.find('eth0');
  if (stack === undefined || own === undefined) return 'no interface in the jail';
  const destination = bytesOf(to);
  const source = addressesOf(own, destination.byteLength).find(({ address }) => !isLinkLocal(address));
  if (source === undefined) return 'no address of its family';
  const isNear = sameNetwork(source.address, destination, source.mask);
  const hasRoute = stack.routes.some(({ destination: of }) => of.byteLength === destination.byteLength);
  if (!isNear && !hasRoute) return 'no route in the jail';
  const half = own.peer;
  if (half === undefined || !isUp(own) || !isUp(half)) return 'a half of the pair is down';
  const bridge = wire.host.interfaces.find(({ members }) => members.some((each) => each.interface === half));
  if (bridge === undefined || !isUp(bridge)) return 'no bridge that is up';
  const packet: Packet = {
    direction: 'in',
    interface: half.name,
    protocol: tcp,
    source: { address: source.address, port: 40_000 },
    destination: { address: destination, port },
  };
  if (!decision(wire.asked, packet).passes) return 'blocked where it comes in';
  return isNear && !hasAddress(wire.host, destination)
    ? overBridge(wire, bridge, packet)
    : throughHost(wire, { ...packet, interface: bridge.name });
}

/** A packet of TCP that comes to the host from outside. */
export function sendFromOutside(host: TestHost, from: string, to: string, port: number): Promise<Fate> {
  return throughHost(wireOf(host), {
    direction: 'in',
    interface: 'vtnet0',
    protocol: tcp,
    source: { address: bytesOf(from), port: 40_000 },
    destination: { address: bytesOf(to), port },
  });
}

/** What the host does with a packet that has come in: translation, then filters, then to itself or on. */
async function throughHost(wire: Wire, arrived: Packet): Promise<Fate> {
  const packet = { ...arrived, destination: redirected(wire.asked, arrived) ?? arrived.destination };
  if (!decision(wire.asked, packet).passes) return 'blocked where it comes in';
  const { address } = packet.destination;
  if (hasAddress(wire.host, address)) return delivered('the host', packet);
  if (!(await wire.forwards(address))) return 'not passed on';
  const near = wire.host.interfaces.find((each) =>
    addressesOf(each, address.byteLength).some((own) => sameNetwork(own.address, address, own.mask)),
  );
  const route = wire.host.routes.find(({ destination }) => destination.byteLength === address.byteLength);
  const out = near ?? route?.interface;
  if (out === undefined) return 'no route on the host';
  const leaving: Packet = { ...packet, direction: 'out', interface: out.name };
  const source = sourceGiven(wire.asked, leaving);
  const translated =
    source === undefined ? leaving : { ...leaving, source: { address: source, port: 50_001 } };
  if (!decision(wire.asked, translated).passes) return 'blocked where it goes out';
  return out.kind === 'bridge' ? overBridge(wire, out, translated) : delivered('the world', translated);
}

/** To the member of a bridge behind which the address is. */
function overBridge({ asked, stacks }: Wire, bridge: Interface, packet: Packet): Fate {
  const { address } = packet.destination;
  for (const [name, stack] of stacks) {
    const found = stack.interfaces.find((each) => {
      return addressesOf(each, address.byteLength).some((own) => same(own.address, address));
    });
    const half = found?.peer;
    if (found === undefined || !bridge.members.some((member) => member.interface === half)) continue;
    if (half === undefined || !isUp(half) || !isUp(found)) return 'a half of the pair is down';
    const leaving: Packet = { ...packet, direction: 'out', interface: half.name };
    return decision(asked, leaving).passes ? delivered(name, packet) : 'blocked where it goes out';
  }
  return 'nobody has the address';
}

function delivered(to: string, { destination, source }: Packet): Fate {
  const { address } = source;
  return {
    to,
    port: destination.port,
    from: address.byteLength === 4 ? formatIPv4(address) : formatIPv6(address),
  };
}

function bytesOf(text: string): Uint8Array {
  const { family, value }: Address = parseAddress('address', text);
  const size = family === 'inet' ? 4 : 16;
  return Uint8Array.from({ length: size }, (_, index) =>
    Number((value >> BigInt((size - 1 - index) * 8)) & 0xffn),
  );
}

function addressesOf(
  { addresses4, addresses6 }: Interface,
  size: number,
): { readonly address: Uint8Array; readonly mask: Uint8Array }[] {
  if (size === 4) return [...addresses4];
  return addresses6.map(({ address, prefix }) => {
    const mask = Uint8Array.from({ length: 16 }, (_, index) => 0xff & (0xff00 >> clamp(prefix - index * 8)));
    return { address, mask };
  });
}

const clamp = (bits: number): number => Math.min(8, Math.max(0, bits));
const same = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;
const isUp = ({ flags }: Interface): boolean => (flags & up) !== 0;

function isLinkLocal(address: Uint8Array): boolean {
  return address.byteLength === 16 && address[0] === 0xfe && address[1] === 0x80;
}

function hasAddress({ interfaces }: Vnet, address: Uint8Array): boolean {
  return interfaces.some((each) =>
    addressesOf(each, address.byteLength).some((own) => same(own.address, address)),
  );
}

function sameNetwork(one: Uint8Array, other: Uint8Array, mask: Uint8Array): boolean {
  return mask.every((bits, index) => ((one[index] ?? 0) & bits) === ((other[index] ?? 0) & bits));
}
