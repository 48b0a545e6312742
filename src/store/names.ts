import type { Store } from './database.js';
import type { Holder } from './leases.js';

/** What an interface of a container is called by others of its network, and its addresses there. */
export interface NamedAddresses {
  readonly addresses: readonly string[];
  readonly names: readonly string[];
}

/** The names of containers in networks. */
export interface NameStore {
  /**
   * Writes down names, and hands all of the network to `changed` before anybody else can change them: two programs that
   * write the same file take turns.
   */
  set(
    network: string,
    holder: Holder,
    named: NamedAddresses,
    changed: (all: readonly NamedAddresses[]) => void,
  ): void;
  /** Hands all of a network to `use` before anybody can change it. */
  read(network: string, use: (all: readonly NamedAddresses[]) => void): void;
  /** Forgets the names of an interface; `changed` is called if it had some, with its network and what is left there. */
  release(holder: Holder, changed: (network: string, all: readonly NamedAddresses[]) => void): void;
}

export function nameStore(store: Store): NameStore {
  const put = store.prepare(
    `INSERT OR REPLACE INTO name (network, namespace, id, interface, addresses, names) VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const drop = store.prepare<[string, string, string], { network: string }>(
    'DELETE FROM name WHERE namespace = ? AND id = ? AND interface = ? RETURNING network',
  );
  const inNetwork = store.prepare<[string], { addresses: string; names: string }>(
    'SELECT addresses, names FROM name WHERE network = ? ORDER BY namespace, id, interface',
  );
  const all = (network: string): NamedAddresses[] =>
    inNetwork.all(network).map(({ addresses, names }) => ({
      addresses: JSON.parse(addresses) as string[],
      names: JSON.parse(names) as string[],
    }));
  const set = store.transaction(
    (
      network: string,
      { namespace, id, interface: name }: Holder,
      { addresses, names }: NamedAddresses,
      changed: (all: readonly NamedAddresses[]) => void,
    ) => {
      put.run(network, namespace, id, name, JSON.stringify(addresses), JSON.stringify(names));
      changed(all(network));
    },
  );
  const read = store.transaction((network: string, use: (all: readonly NamedAddresses[]) => void) => {
    use(all(network));
  });
  const release = store.transaction(
    (
      { namespace, id, interface: name }: Holder,
      changed: (network: string, all: readonly NamedAddresses[]) => void,
    ) => {
      const found = drop.get(namespace, id, name);
      if (found !== undefined) changed(found.network, all(found.network));
    },
  );
  return {
    set: (network, holder, named, changed) => {
      set.immediate(network, holder, named, changed);
    },
    read: (network, use) => {
      read.immediate(network, use);
    },
    release: (holder, changed) => {
      release.immediate(holder, changed);
    },
  };
}
