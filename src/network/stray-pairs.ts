import { isKernelError } from '../kernel/error.js';
import { groupMembers } from '../kernel/freebsd/interface-group.js';
import { destroyInterface, interfaceDescription } from '../kernel/freebsd/interface.js';
import { run, type FreeBSD } from '../kernel/freebsd/run.js';
import type { Lease } from '../store/leases.js';
import { isAttachment } from './cni/key.js';
import { interfaceGroup } from './host.js';
import type { LivingJails } from './living.js';
import { holderOfDescription, pairOfLease, unitOfHalf } from './pair.js';

/** The host's half of a pair of ours, and whose it is by its description; undefined if that does not say. */
interface FoundPair {
  readonly name: string;
  readonly unit: number;
  readonly holder: { readonly namespace: string; readonly id: string } | undefined;
}

/** The host's halves of all pairs of ours. */
export async function listPairs(system: FreeBSD): Promise<FoundPair[]> {
  const members = await run(system, (b) => b.attempt(() => groupMembers(b, interfaceGroup, 65_536)));
  // Nobody has put an interface into the group yet.
  if (isKernelError(members, 'ENOENT')) return [];
  if (isKernelError(members)) throw members;
  const pairs = members.flatMap((name) => {
    const unit = unitOfHalf(name);
    return unit === undefined ? [] : [{ name, unit }];
  });
  const descriptions = await run(system, (b) =>
    pairs.map(({ name }) => b.attempt(() => interfaceDescription(b, name))),
  );
  return pairs.map((pair, index) => {
    const description = descriptions[index];
    return {
      ...pair,
      holder: typeof description === 'string' ? holderOfDescription(description) : undefined,
    };
  });
}

/** Those of them that no lease tells of, and whose container has no jail. */
export function strayPairs(
  pairs: readonly FoundPair[],
  leases: readonly Lease[],
  jails: LivingJails,
): string[] {
  const units = new Set(leases.map((lease) => pairOfLease(lease)?.unit));
  return pairs
    .filter(({ unit, holder }) => {
      if (units.has(unit) || holder === undefined || isAttachment(holder.namespace)) return false;
      return !jails.has(holder);
    })
    .map(({ name }) => name);
}

/** Destroys it, unless it is gone. */
export async function destroyStray(system: FreeBSD, name: string): Promise<void> {
  const gone = await run(system, (b) => b.attempt(() => destroyInterface(b, name)));
  if (isKernelError(gone) && gone.code !== 'ENXIO') throw gone;
}
