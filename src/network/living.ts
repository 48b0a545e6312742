/** A container that holds something of the networks. */
export interface NetworkHolder {
  readonly namespace: string;
  readonly id: string;
}

/**
 * The jails that there are, those included that are dying: to touch the interfaces of one whose network stack is being
 * torn down brings kernels down (observed: K6 to K10).
 */
export interface LivingJails {
  /** Whether there is a jail of this container. */
  has(container: NetworkHolder): boolean;
  hasJid(jid: number): boolean;
  /** The containers that have a jail, as far as the names of jails say. */
  readonly known: readonly NetworkHolder[];
  /** Whether some jail may be a container's of which its name does not say all. */
  readonly hasOthers: boolean;
}
