import { isKernelError } from '../kernel/error.js';
import { tryPort, type Port } from '../kernel/freebsd/bind.js';
import { run, type FreeBSD } from '../kernel/freebsd/run.js';
import type { Family } from '../kernel/freebsd/pf-address.js';
import { NetworkError } from './error.js';
import { shown, type PublishedPorts } from './ports.js';

/** So many are tried in one batch: each has a descriptor until it ends. */
const atOnce = 64;

/**
 * Refuses to publish a port that a program of the host has: it would get no packets any more. Each is taken as a server
 * takes it, for a moment: this asks for the very thing, at a cost that does not grow with what the host has open, while the
 * kernel's lists of sockets (net.inet.tcp.pcblist) do, and differ from one release to another.
 *
 * @param families of the network: packets of others are not redirected
 * @throws NetworkError taken, or invalid for an address that the host does not have
 */
export async function refuseBusyPorts(
  system: FreeBSD,
  ports: readonly PublishedPorts[],
  families: readonly Family[],
): Promise<void> {
  for (const published of ports) {
    for (const address of addressesOf(published, families)) {
      const { first, last } = published.host;
      for (let port = first; port <= last; port += atOnce) {
        await tryAll(system, published, address, port, Math.min(last, port + atOnce - 1));
      }
    }
  }
}

function addressesOf({ address }: PublishedPorts, families: readonly Family[]): string[] {
  if (address !== undefined) return [address];
  return families.map((family) => (family === 'inet' ? '0.0.0.0' : '::'));
}

async function tryAll(
  system: FreeBSD,
  published: PublishedPorts,
  address: string,
  first: number,
  last: number,
): Promise<void> {
  const { protocol } = published;
  const ports = Array.from({ length: last - first + 1 }, (_, index): Port => {
    return { protocol, address, port: first + index };
  });
  const tried = await run(system, (b) => ports.map((port) => b.attempt(() => tryPort(b, port))));
  for (const [index, outcome] of tried.entries()) {
    if (!isKernelError(outcome)) continue;
    const what = `publish ${shown(published)}`;
    if (outcome.code === 'EADDRINUSE') {
      const port = `${protocol} port ${first + index}`;
      throw new NetworkError('taken', `${what}: ${port} of the host is in use by a program of the host`, {
        cause: outcome,
      });
    }
    if (outcome.code === 'EADDRNOTAVAIL') {
      throw new NetworkError('invalid', `${what}: the host has no address ${address}`, { cause: outcome });
    }
    throw outcome;
  }
}
