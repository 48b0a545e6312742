import type { CallContext } from './open-file.js';
import { fail } from './failure.js';

/** A value, or a node that has others below it. */
export interface SysctlEntry {
  /** Undefined for a node whose values are only found by more numbers. */
  readonly read?: (context: CallContext, rest: readonly number[]) => Uint8Array;
  readonly write?: (context: CallContext, value: Uint8Array) => void;
  /** It has other names below it: reading it is EISDIR. */
  readonly isNode?: boolean;
}

/** Numbers that sys/sysctl.h gives; all others the kernel makes up. */
const fixed: Readonly<Record<string, number>> = {
  kern: 1,
  vm: 2,
  vfs: 3,
  net: 4,
  hw: 6,
  security: 14,
  'kern.osrelease': 2,
  'kern.hostname': 10,
  'kern.hostid': 11,
  'kern.proc': 14,
  'kern.osreldate': 24,
  'hw.machine': 1,
  'net.routetable': 17,
};

/** The sysctl names that there are, and their numbers. */
export class SysctlTree {
  readonly #entries = new Map<string, SysctlEntry>();
  readonly #numbers = new Map<string, number>(Object.entries(fixed));

  add(name: string, entry: SysctlEntry): void {
    this.#entries.set(name, entry);
  }

  has(name: string): boolean {
    return [...this.#entries.keys()].some((known) => known === name || known.startsWith(`${name}.`));
  }

  /** The numbers of a name; ENOENT if there is none. */
  find(name: string): number[] {
    if (!this.has(name)) fail('ENOENT');
    const parts = name.split('.');
    return parts.map((_, index) => this.#number(parts.slice(0, index + 1).join('.')));
  }

  /** The entry at these numbers, and those that are left; ENOENT if there is none. */
  at(numbers: readonly number[]): { readonly entry: SysctlEntry; readonly rest: readonly number[] } {
    let best: { entry: SysctlEntry; rest: readonly number[] } | undefined;
    for (const [name, entry] of this.#entries) {
      const found = this.find(name);
      if (!found.every((number, index) => number === numbers[index])) continue;
      const rest = numbers.slice(found.length);
      if (best === undefined || rest.length < best.rest.length) best = { entry, rest };
    }
    if (best !== undefined) return best;
    const isNode = [...this.#entries.keys()].some((name) => {
      const found = this.find(name);
      return numbers.every((number, index) => number === found[index]);
    });
    return isNode ? fail('EISDIR') : fail('ENOENT');
  }

  #number(path: string): number {
    const known = this.#numbers.get(path);
    if (known !== undefined) return known;
    const number = 2_147_480_000 + this.#numbers.size;
    this.#numbers.set(path, number);
    return number;
  }
}

/** The bytes of an int. */
export function intBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
}

/** An int from what was written: more than 4 bytes are taken, of which the first count. */
export function intFrom(value: Uint8Array): number {
  if (value.byteLength < 4) return fail('EINVAL');
  return new DataView(value.buffer, value.byteOffset).getInt32(0, true);
}
