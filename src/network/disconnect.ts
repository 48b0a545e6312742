import type { Holder, LeaseStore } from '../store/leases.js';
import { formatAddress, parsePrefix } from './prefix.js';
import type { Ledger, NetworkState } from './host.js';
import { destroyPair, type PairDetail } from './pair.js';

/** One thing that the ledger says was made. */
export interface Made {
  readonly seq: number;
  readonly kind: string;
  readonly detail: unknown;
}

/** Whether a thing of the ledger is one that `connect` made. */
export function isNetworkKind(kind: string): boolean {
  return kind === 'pair' || kind === 'lease' || kind === 'anchor';
}

/**
 * Takes away what `connect` made, last first, by the ledger alone: whoever does it need not be who made it, and may do it
 * again. Before the jail is removed.
 *
 * @throws the first failure, after all else was taken away; what failed stays in the ledger
 */
export async function disconnect(
  host: NetworkState,
  container: { readonly namespace: string; readonly id: string },
  ledger: Ledger,
  made: readonly Made[],
): Promise<void> {
  const failures: unknown[] = [];
  const own = made.filter(({ kind }) => isNetworkKind(kind)).toReversed();
  const addresses = leasedAddresses(host.leases, container);
  let filterWithdrawn = false;
  for (const { seq, kind, detail } of own) {
    try {
      // Outgoing connections have states as well, of containers that publish nothing.
      if (!filterWithdrawn) await host.filter.withdraw(container, addresses);
      filterWithdrawn = true;
      if (kind === 'pair') await destroyPair(host.system, host.leases, detail as PairDetail);
      if (kind === 'lease') release(host, detail as Holder);
      ledger.unmade(seq);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

function release(host: NetworkState, holder: Holder): void {
  host.hosts.remove(holder);
  host.ports.release(holder);
  host.macs.release(holder);
  host.leases.release(holder);
}

/** The addresses that a container has been leased, of all its interfaces. */
export function leasedAddresses(
  leases: LeaseStore,
  { namespace, id }: { readonly namespace: string; readonly id: string },
): string[] {
  return leases
    .heldBy({ namespace, id })
    .filter(({ pool }) => pool.includes('/'))
    .map(({ pool, host }) => {
      const { family, base } = parsePrefix('pool', pool);
      return formatAddress({ family, value: base + BigInt(host) });
    });
}
