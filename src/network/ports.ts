import { checkPorts, type Ports } from '../kernel/freebsd/pf-address.js';
import { formatAddress, parseAddress } from './prefix.js';

/** Ports of the host that lead to ports of a container. */
export interface PublishedPorts {
  readonly protocol: 'tcp' | 'udp';
  /** An address of the host; undefined for all that it has. */
  readonly address: string | undefined;
  /** The ports of the host, first and last inclusive. */
  readonly host: { readonly first: number; readonly last: number };
  /** The ports of the container: as many as those of the host. */
  readonly container: { readonly first: number; readonly last: number };
}

/** How many published ports one container may have, ranges counted once. */
const most = 256;

/**
 * Reads what users write to publish ports: `[address:]host:container[/protocol]`, each of both one port or a range as in
 * 8000-8010, an IPv6 address in brackets, tcp if no protocol is said. Several stand between commas.
 *
 * @throws RangeError that begins with `what` and shows the part that makes no sense
 */
export function parsePorts(what: string, text: string): PublishedPorts[] {
  if (text.trim() === '') return [];
  const parts = text.split(',').map((part) => part.trim());
  if (parts.length > most) throw new RangeError(`${what}: ${parts.length} published ports, at most ${most}`);
  const ports = parts.map((part) => parseOne(what, part));
  checkDistinct(what, ports);
  return ports;
}

const form = /^(?:(?:\[([^\]]*)\]|([^:[\]]*)):)?(\d{1,5}(?:-\d{1,5})?):(\d{1,5}(?:-\d{1,5})?)(?:\/(\w+))?$/;

function parseOne(what: string, text: string): PublishedPorts {
  const fields = form.exec(text);
  if (fields === null) {
    throw new RangeError(`${what}: '${text}' is not of the form [address:]port:port[/protocol]`);
  }
  const [, bracketed, plain, host = '', container = '', protocol = 'tcp'] = fields;
  if (protocol !== 'tcp' && protocol !== 'udp') {
    throw new RangeError(`${what}: '${text}': protocol ${protocol}: tcp or udp can be published`);
  }
  const address = bracketed ?? plain;
  return checkPublished(what, {
    protocol,
    address: address === undefined || address === '' ? undefined : address,
    host: range(`${what}: '${text}'`, host),
    container: range(`${what}: '${text}'`, container),
  });
}

/** Checks ports that were not written as text, as those of CNI. Throws a RangeError that begins with `what`. */
export function checkPublished(what: string, ports: PublishedPorts): PublishedPorts {
  const host = checkPorts(`${what}: host port`, ports.host);
  const container = checkPorts(`${what}: container port`, ports.container);
  if (host.last - host.first !== container.last - container.first) {
    throw new RangeError(
      `${what}: ${shown(ports)}: as many ports of the host as of the container are needed`,
    );
  }
  if (ports.address === undefined) return { ...ports, host, container };
  const address = parseAddress(`${what}: host address`, ports.address);
  const text = formatAddress(address);
  // 0.0.0.0 and :: are how others write "all of this family"; a loopback address cannot be redirected.
  if (address.value === 0n) return { ...ports, address: text, host, container };
  const isLoopback = address.family === 'inet' ? address.value >> 24n === 127n : address.value === 1n;
  if (isLoopback) {
    throw new RangeError(
      `${what}: ${shown(ports)}: the packet filter cannot redirect what is sent to a loopback address`,
    );
  }
  return { ...ports, address: text, host, container };
}

/** Whether some packet is for both. */
export function clash(one: PublishedPorts, other: PublishedPorts): boolean {
  return (
    one.protocol === other.protocol &&
    (covers(one.address, other.address) || covers(other.address, one.address)) &&
    one.host.first <= other.host.last &&
    other.host.first <= one.host.last
  );
}

/** How ports are written: the form that `parsePorts` reads. */
export function shown({ address, host, container, protocol }: PublishedPorts): string {
  const where = address === undefined ? '' : address.includes(':') ? `[${address}]:` : `${address}:`;
  return `${where}${rangeText(host)}:${rangeText(container)}/${protocol}`;
}

function checkDistinct(what: string, all: readonly PublishedPorts[]): void {
  for (const [index, one] of all.entries()) {
    const other = all.slice(0, index).find((before) => clash(before, one));
    if (other !== undefined) {
      throw new RangeError(`${what}: ${shown(other)} and ${shown(one)} publish the same port of the host`);
    }
  }
}

/** Whether packets to the second are among those to the first. */
function covers(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || one === other) return true;
  if (one === '0.0.0.0') return other !== undefined && !other.includes(':');
  return one === '::' && other?.includes(':') === true;
}

function range(what: string, text: string): { first: number; last: number } {
  const [first = '', last = first] = text.split('-');
  return checkPorts(`${what}: port`, { first: Number(first), last: Number(last) });
}

function rangeText({ first, last = first }: Ports): string {
  return first === last ? String(first) : `${first}-${last}`;
}
