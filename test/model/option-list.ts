import { fail } from './failure.js';
import type { Memory } from './memory.js';

// The options of nmount(2), jail_set(2) and jail_get(2): vfs_buildopts() and its kin of vfs_mount.c.

const iovecSize = 16n;
const maxIovecs = 1024;
const maxBytes = 64 * 1024;
// sizeof(struct vfsopt), which counts against the limit as well
const perOption = 40;

export interface Option {
  readonly name: string;
  /** What the caller gave; undefined if its length was 0. */
  readonly value: Uint8Array | undefined;
  /** Where the caller has the value, and the length that it is told. */
  readonly address: bigint;
  readonly lengthAt: bigint;
  /** The length as the kernel would write it back. */
  length: number;
  /** Whether some part of the kernel knows this option. */
  seen: boolean;
}

/** A list of named values that came as pairs of iovecs. Of several that contradict each other the last one stays. */
export class OptionList {
  readonly options: Option[];
  /** The kernel's own words about a failure, if it has any. */
  text: string | undefined;

  constructor(memory: Memory, iov: bigint, count: number) {
    if (count > maxIovecs) fail('EINVAL');
    memory.at(iov, count * Number(iovecSize));
    const all: Option[] = [];
    let used = 0;
    for (let at = iov; at < iov + BigInt(count) * iovecSize; at += 2n * iovecSize) {
      const nameLength = memory.u64(at + 8n);
      const length = memory.u64(at + iovecSize + 8n);
      if (nameLength > maxBytes || length > maxBytes) fail('EINVAL');
      used += perOption + Number(nameLength) + Number(length);
      if (used > maxBytes) fail('EINVAL');
      const name = memory.at(memory.u64(at), Number(nameLength));
      if (name.at(-1) !== 0) fail('EINVAL');
      const address = memory.u64(at + iovecSize);
      const value = length === 0n ? undefined : memory.at(address, Number(length)).slice();
      const lengthAt = at + iovecSize + 8n;
      all.push({ name: textOf(name), value, address, lengthAt, length: Number(length), seen: false });
    }
    this.options = all.filter((option, index) => {
      return !all.slice(index + 1).some((later) => contradicts(option.name, later.name));
    });
  }

  /** The option of this name, which is known by that; undefined if it was not given. */
  take(name: string): Option | undefined {
    const found = this.options.find((option) => option.name === name);
    if (found !== undefined) found.seen = true;
    return found;
  }

  has(name: string): boolean {
    return this.take(name) !== undefined;
  }

  /** An int: EINVAL unless it has exactly 4 bytes. */
  int(name: string): number | undefined {
    const bytes = this.exact(name, 4);
    return bytes === undefined ? undefined : new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
  }

  /** A value of exactly this length: EINVAL for any other. */
  exact(name: string, length: number): Uint8Array | undefined {
    const option = this.take(name);
    if (option === undefined) return undefined;
    return option.value?.byteLength === length ? option.value : fail('EINVAL');
  }

  /** Text with its NUL: EINVAL without one, ENAMETOOLONG if it has more than `capacity` bytes. */
  string(name: string, capacity: number): string | undefined {
    const option = this.take(name);
    if (option === undefined) return undefined;
    const { value } = option;
    if (value?.at(-1) !== 0) fail('EINVAL');
    if (value.byteLength > capacity) fail('ENAMETOOLONG');
    return textOf(value);
  }

  /** Ends the call with this errno and words for the caller's errmsg. */
  refuse(code: string, text: string): never {
    this.text = text;
    fail(code);
  }
}

/** Bytes up to the first NUL, as text. */
export function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(bytes.subarray(0, end < 0 ? bytes.byteLength : end)).toString('utf8');
}

/** "allow.mount.nullfs" as "allow.mount.nonullfs". */
export function noForm(name: string): string {
  const dot = name.lastIndexOf('.') + 1;
  return `${name.slice(0, dot)}no${name.slice(dot)}`;
}

function contradicts(one: string, other: string): boolean {
  return one === other || noForm(one) === other || one === noForm(other);
}
