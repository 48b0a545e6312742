import { disconnect, type Made } from './disconnect.js';
import type { NetworkHost } from './host.js';
import { pairOfLease } from './pair.js';

/** A container that holds something of the networks. */
export interface NetworkHolder {
  readonly namespace: string;
  readonly id: string;
}

/**
 * Takes back what containers hold that are no more: leases, ports, names, and the pairs that go with them. They are left
 * only if a store was lost, as journals tell all of it otherwise. What CNI runtimes hold is theirs to collect (GC).
 *
 * @param lives whether there is a jail of that container; leases are taken only for jails that are there
 * @returns the containers whose things were taken back
 */
export async function sweep(
  host: NetworkHost,
  lives: (container: NetworkHolder) => boolean,
  failed: (container: NetworkHolder, error: unknown) => void,
): Promise<NetworkHolder[]> {
  const swept: NetworkHolder[] = [];
  for (const [container, made] of leftOvers(host, lives)) {
    try {
      await disconnect(host, container, { making: () => 0, unmade: () => undefined }, made);
      swept.push(container);
    } catch (error) {
      failed(container, error);
    }
  }
  return swept;
}

/** What the leases say was made, in the terms of a ledger. */
function leftOvers(
  { leases }: NetworkHost,
  lives: (container: NetworkHolder) => boolean,
): Map<NetworkHolder, Made[]> {
  const byKey = new Map<string, { container: NetworkHolder; made: Made[] }>();
  for (const lease of leases.list()) {
    const { namespace, id } = lease;
    // The gateways' own, and those of CNI runtimes.
    if (namespace === '' || namespace.startsWith('cni.') || lives({ namespace, id })) continue;
    const key = `${namespace}/${id}`;
    const entry = byKey.get(key) ?? { container: { namespace, id }, made: [] };
    byKey.set(key, entry);
    const pair = pairOfLease(lease);
    const detail = pair ?? { namespace, id, interface: lease.interface };
    // Pairs go before addresses are given to others.
    const seq = pair === undefined ? 1 : 2;
    entry.made.push({ seq, kind: pair === undefined ? 'lease' : 'pair', detail });
  }
  return new Map(
    [...byKey.values()].map(({ container, made }) => [
      container,
      made.sort((one, other) => one.seq - other.seq),
    ]),
  );
}
