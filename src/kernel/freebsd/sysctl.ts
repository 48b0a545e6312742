import { readStruct, readText } from '../layout.js';
import type { BatchBuilder, Step } from './batch-builder.js';
import { checkInteger, checkNonEmpty } from './check.js';

// By numbers and by the two magic ones of sys/sysctl.h that turn a name into numbers: __sysctlbyname came with 13.

/** A MIB in the arena: the address and how many numbers. */
interface Mib {
  readonly offset: number;
  readonly length: number;
}

// CTL_MAXNAME numbers; a name with all of them in full digits and dots is shorter than this.
const nameCapacity = 1024;

/** Finds out whether the kernel has a sysctl of this name: ENOENT if not. */
export function findSysctl(b: BatchBuilder, name: string): Step<void> {
  return { value: addLookup(b, name).value, decode: () => undefined };
}

/** Reads an int. */
export function readSysctlInt(b: BatchBuilder, name: string): Step<number> {
  const read = addRead(b, name, 4);
  return {
    value: read.value,
    decode: (outcome) => {
      const bytes = read.decode(outcome);
      if (bytes.byteLength !== 4) throw new Error(`sysctl: ${name}: ${bytes.byteLength} bytes are no int`);
      return new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
    },
  };
}

/** When the machine was booted, in microseconds since 1970: kern.boottime. It moves when the clock is set. */
export function readBootTime(b: BatchBuilder): Step<bigint> {
  const { timeval } = b.bindings.layouts;
  const read = addRead(b, 'kern.boottime', timeval.size);
  return {
    value: read.value,
    decode: (outcome) => {
      const { tv_sec, tv_usec } = readStruct(read.decode(outcome), 0, timeval);
      return tv_sec * 1_000_000n + tv_usec;
    },
  };
}

/** Reads text of at most `capacity` bytes with its NUL; ENOMEM if it is longer. */
export function readSysctlText(b: BatchBuilder, name: string, capacity = 1024): Step<string> {
  const read = addRead(b, name, capacity);
  return { value: read.value, decode: (outcome) => readText(read.decode(outcome)) };
}

/** Sets an int. */
export function writeSysctlInt(b: BatchBuilder, name: string, value: number): Step<void> {
  checkInteger(name, value, -0x8000_0000, 0x7fff_ffff);
  const { mib } = addLookup(b, name);
  const data = b.arena.scalar('i32', value, name);
  const args = [{ arena: mib.offset }, mib.length, 0, 0, { arena: data }, 4];
  return { value: b.call('sysctl', args, { object: name }), decode: () => undefined };
}

/**
 * Reads what is at these numbers: for the lists of the kernel, whose length changes.
 *
 * @param capacity bytes to make room for; ENOMEM if it is not enough. 0 only asks how many are needed
 * @returns the bytes that there are, or none with capacity 0; and how many there are
 */
export function readSysctlList(
  b: BatchBuilder,
  mib: readonly number[],
  capacity: number,
  object: string,
): Step<{ readonly bytes: Uint8Array; readonly length: number }> {
  const numbers = { offset: b.arena.array('i32', mib, 'mib'), length: mib.length };
  return addCall(b, numbers, capacity, object);
}

function addRead(b: BatchBuilder, name: string, capacity: number): Step<Uint8Array> {
  const { mib } = addLookup(b, name);
  const read = addCall(b, mib, capacity, name);
  return { value: read.value, decode: (outcome) => read.decode(outcome).bytes };
}

function addCall(
  b: BatchBuilder,
  mib: Mib,
  capacity: number,
  object: string,
): Step<{ bytes: Uint8Array; length: number }> {
  const data = b.arena.reserve(capacity);
  const size = b.arena.scalar('u64', capacity, 'size');
  const old = capacity === 0 ? 0 : { arena: data };
  const args = [{ arena: mib.offset }, mib.length, old, { arena: size }, 0, 0];
  return {
    value: b.call('sysctl', args, { object }),
    decode: ({ arena }) => {
      const length = Number(new DataView(arena.buffer, arena.byteOffset).getBigUint64(size, true));
      return { bytes: arena.slice(data, data + Math.min(length, capacity)), length };
    },
  };
}

function addLookup(b: BatchBuilder, name: string): { value: Step<void>['value']; mib: Mib } {
  const { CTL_SYSCTL, CTL_SYSCTL_NAME2OID, CTL_MAXNAME } = b.bindings.constants;
  checkNonEmpty('sysctl', name, nameCapacity);
  // The kernel finds one number for each part of a name. The count must be known here, before the call.
  const length = name.split('.').length;
  checkInteger(`parts of sysctl ${name}`, length, 1, CTL_MAXNAME);
  const query = b.arena.array('i32', [CTL_SYSCTL, CTL_SYSCTL_NAME2OID], 'mib');
  const offset = b.arena.reserve(CTL_MAXNAME * 4);
  const size = b.arena.scalar('u64', CTL_MAXNAME * 4, 'size');
  const text = b.arena.textSpan(name, 'sysctl');
  const args = [
    { arena: query },
    2,
    { arena: offset },
    { arena: size },
    { arena: text.offset },
    text.length - 1,
  ];
  return { value: b.call('sysctl', args, { object: name }), mib: { offset, length } };
}
