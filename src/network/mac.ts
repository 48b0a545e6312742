import { createHash } from 'node:crypto';
import type { Holder } from '../store/leases.js';
import type { MacStore } from '../store/macs.js';
import { NetworkError } from './error.js';

/** How many addresses are tried for one interface; with 40 random bits the second is hardly ever needed. */
const tries = 16;

/**
 * A hardware address for the interface of a container: the same whenever the container is made again on this host, so
 * that neighbours need not forget it, and one that no other interface of ours has. Unicast and locally administered:
 * of the two special bits of the first byte only 0x02 is set (IEEE 802, section 8.2.2).
 *
 * @param hostId what tells this host from another, as kern.hostuuid: clones of a machine must not share addresses
 * @returns six bytes in hexadecimal digits between colons
 * @throws Error if all that were tried are taken
 */
export function takeMac(macs: MacStore, holder: Holder, hostId: string): string {
  const mac = macs.take(holder, candidates(holder, hostId));
  if (mac === undefined) {
    throw new NetworkError(
      'exhausted',
      `interface ${holder.interface} of ${holder.id}: ${tries} hardware addresses are all taken`,
    );
  }
  return mac;
}

function* candidates(holder: Holder, hostId: string): Generator<string> {
  for (let number = 0; number < tries; number++) {
    const parts = [hostId, holder.namespace, holder.id, holder.interface, number];
    const hash = createHash('sha256').update(JSON.stringify(parts)).digest();
    hash[0] = 0x02;
    yield hash
      .subarray(0, 6)
      .toString('hex')
      .replace(/..(?=.)/g, '$&:');
  }
}
