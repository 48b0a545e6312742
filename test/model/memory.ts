import type { Fixup } from '../../src/kernel/kernel.js';
import { readStruct, writeScalar, type Layout, type StructValues } from '../../src/kernel/layout.js';
import { fail } from './failure.js';

/** Where the arena of a batch lies in the pretend address space of a process. */
const base = 0x7f00_0000_0000n;

/** The memory of a calling process: the arena of its batch, and nothing else. */
export class Memory {
  /** The arena as the calls change it. */
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(arena: Uint8Array, fixups: readonly Fixup[]) {
    this.bytes = arena.slice();
    this.#view = new DataView(this.bytes.buffer);
    for (const { at, to } of fixups) this.#view.setBigUint64(at, this.addressOf(to), true);
  }

  /** The address of an offset in the arena. */
  addressOf(offset: number): bigint {
    return base + BigInt(offset);
  }

  /** The bytes at an address, to be read or written in place; EFAULT if they are not all there. */
  at(address: bigint, length: number): Uint8Array {
    if (length === 0) return new Uint8Array(0);
    const offset = this.#offset(address, length);
    return this.bytes.subarray(offset, offset + length);
  }

  /** Copies bytes out to an address. */
  write(address: bigint, data: Uint8Array): void {
    if (data.byteLength > 0) this.at(address, data.byteLength).set(data);
  }

  /** Text up to its NUL: ENAMETOOLONG if that is not among the first `capacity` bytes, as copyinstr(9) has it. */
  text(address: bigint, capacity: number): string {
    const offset = this.#offset(address, 1);
    const end = this.bytes.indexOf(0, offset);
    const length = (end < 0 ? this.bytes.byteLength : end) - offset;
    if (length >= capacity) fail('ENAMETOOLONG');
    if (end < 0) fail('EFAULT');
    return Buffer.from(this.bytes.buffer, offset, length).toString('utf8');
  }

  struct<L extends Layout>(address: bigint, layout: L): StructValues<L> {
    return readStruct(this.bytes, this.#offset(address, layout.size), layout);
  }

  /** Writes some fields of a structure. */
  setFields<L extends Layout>(
    address: bigint,
    layout: L,
    fields: { readonly [K in keyof L['fields']]?: number | bigint | Uint8Array },
  ): void {
    const start = this.#offset(address, layout.size);
    const values: [string, number | bigint | Uint8Array | undefined][] = Object.entries(fields);
    for (const [name, value] of values) {
      const field = layout.fields[name];
      if (field === undefined || value === undefined)
        throw new Error(`${layout.name}.${name}: no such field`);
      if (field.type === 'bytes') {
        this.bytes.fill(0, start + field.offset, start + field.offset + field.size);
        this.bytes.set((value as Uint8Array).subarray(0, field.size), start + field.offset);
      } else {
        writeScalar(this.#view, start + field.offset, field.type, value as number | bigint, name);
      }
    }
  }

  i32(address: bigint): number {
    return this.#view.getInt32(this.#offset(address, 4), true);
  }

  setI32(address: bigint, value: number): void {
    this.#view.setInt32(this.#offset(address, 4), value, true);
  }

  u16(address: bigint): number {
    return this.#view.getUint16(this.#offset(address, 2), true);
  }

  setU16(address: bigint, value: number): void {
    this.#view.setUint16(this.#offset(address, 2), value, true);
  }

  u32(address: bigint): number {
    return this.#view.getUint32(this.#offset(address, 4), true);
  }

  setU32(address: bigint, value: number): void {
    this.#view.setUint32(this.#offset(address, 4), value, true);
  }

  u64(address: bigint): bigint {
    return this.#view.getBigUint64(this.#offset(address, 8), true);
  }

  setU64(address: bigint, value: bigint): void {
    this.#view.setBigUint64(this.#offset(address, 8), BigInt.asUintN(64, value), true);
  }

  #offset(address: bigint, length: number): number {
    const offset = address - base;
    if (offset < 0n || length < 0 || offset + BigInt(length) > BigInt(this.bytes.byteLength)) fail('EFAULT');
    return Number(offset);
  }
}
