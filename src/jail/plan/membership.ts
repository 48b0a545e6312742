import type { PublishedPorts } from '../../network/ports.js';

/** What a container wants of the network that it joins; it means nothing to one that joins none. */
export interface MembershipPlan {
  /** addresses that it must have */
  readonly addresses: readonly string[];
  readonly ports: readonly PublishedPorts[];
  /** by which others of the network find it, beside its id and hostname */
  readonly aliases: readonly string[];
}
