import type { Holder } from '../store/leases.js';
import type { PortRange, PortStore } from '../store/ports.js';
import { NetworkError } from './error.js';
import { clash, shown, type PublishedPorts } from './ports.js';

/**
 * Reserves the ports of the host that a container publishes.
 *
 * @throws Error that names the port and the container that has it; then nothing is reserved
 */
export function reservePorts(store: PortStore, holder: Holder, ports: readonly PublishedPorts[]): void {
  const taken = store.take(holder, ports.map(rangeOf), (one, other) => clash(portsOf(one), portsOf(other)));
  if (taken === undefined) return;
  const wanted = ports.find((each) => clash(each, portsOf(taken)));
  const range = taken.first === taken.last ? `port ${taken.first}` : `ports ${taken.first}-${taken.last}`;
  throw new NetworkError(
    'taken',
    `publish ${wanted === undefined ? '' : shown(wanted)}: ${taken.protocol} ${range} of the host ` +
      `leads to container ${taken.namespace}/${taken.id} already`,
  );
}

function rangeOf({ protocol, address = '', host }: PublishedPorts): PortRange {
  return { protocol, address, ...host };
}

/** What was reserved, as if it led to ports of the same numbers: those of the container are not kept. */
export function portsOf({ protocol, address, first, last }: PortRange): PublishedPorts {
  if (protocol !== 'tcp' && protocol !== 'udp') throw new Error(`published ports: protocol ${protocol}`);
  return {
    protocol,
    address: address === '' ? undefined : address,
    host: { first, last },
    container: { first, last },
  };
}
