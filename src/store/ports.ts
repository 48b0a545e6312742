import type { Store } from './database.js';
import type { Holder } from './leases.js';

/** A range of ports of the host, at one address or, as '', at all of them. */
export interface PortRange {
  readonly protocol: string;
  readonly address: string;
  readonly first: number;
  readonly last: number;
}

export interface HeldPorts extends PortRange, Holder {}

/** Which ports of the host lead to which container. */
export interface PortStore {
  /**
   * Writes down that the holder has these ports: all of them, or none if one clashes with what another container has.
   *
   * @param clash whether two ranges share a port; they are of one protocol and their numbers overlap
   * @returns the first that clashes, or undefined
   */
  take(
    holder: Holder,
    ranges: readonly PortRange[],
    clash: (one: PortRange, other: PortRange) => boolean,
  ): HeldPorts | undefined;
  release(holder: Omit<Holder, 'interface'> & { readonly interface?: string }): void;
  list(): HeldPorts[];
}

export function portStore(store: Store): PortStore {
  const columns = 'namespace, id, interface, protocol, address, first, last';
  const add = store.prepare(`INSERT INTO port (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?)`);
  const overlapping = store.prepare<[string, number, number], HeldPorts>(
    `SELECT ${columns} FROM port WHERE protocol = ? AND first <= ? AND last >= ?`,
  );
  const drop = store.prepare(
    'DELETE FROM port WHERE namespace = ? AND id = ? AND (? IS NULL OR interface = ?)',
  );
  const all = store.prepare<[], HeldPorts>(`SELECT ${columns} FROM port ORDER BY protocol, first, address`);
  const take = store.transaction(
    (
      holder: Holder,
      ranges: readonly PortRange[],
      clash: (one: PortRange, other: PortRange) => boolean,
    ): HeldPorts | undefined => {
      const { namespace, id, interface: name } = holder;
      drop.run(namespace, id, name, name);
      const found = ranges
        .flatMap((range) =>
          overlapping.all(range.protocol, range.last, range.first).filter((held) => clash(range, held)),
        )
        .at(0);
      if (found !== undefined) return found;
      for (const { protocol, address, first, last } of ranges) {
        add.run(namespace, id, name, protocol, address, first, last);
      }
      return undefined;
    },
  );
  return {
    take: (holder, ranges, clash) => take.immediate(holder, ranges, clash),
    release: ({ namespace, id, interface: name }) => {
      drop.run(namespace, id, name ?? null, name ?? null);
    },
    list: () => all.all(),
  };
}
