import type { Answer, Argument, Batch, Call } from '../../src/kernel/kernel.js';
import type { Bindings } from '../../src/kernel/bindings/types.js';
import { calls as modelCalls } from './calls.js';

// The payloads of section 4 of native/agent-protocol.md, as an agent has to read and write them.

const header = 16;
const callSize = 64;
const fixupSize = 8;
const resultSize = 16;

/** A batch that is not as the protocol has it: code 2 of its ERROR, with the index of the call or the fixup. */
export class BatchError extends Error {
  readonly index: number;

  constructor(text: string, index = 0) {
    super(text);
    this.name = 'BatchError';
    this.index = index;
  }
}

/** The functions of libc that the model has, by their system call numbers. */
export function symbolsByNumber({ syscalls }: Bindings): ReadonlyMap<number, string> {
  const known = Object.entries(syscalls).filter(([symbol, number]) => {
    return number !== undefined && symbol in modelCalls;
  });
  return new Map(known.map(([symbol, number]) => [number as number, symbol]));
}

export function decodeBatch(payload: Buffer, symbols: ReadonlyMap<number, string>): Batch {
  if (payload.byteLength < header) throw new BatchError('batch without its header');
  const [arenaLength, fixupCount, callCount] = [0, 4, 8].map((at) => payload.readUInt32LE(at)) as [
    number,
    number,
    number,
  ];
  const fixupsAt = header + callCount * callSize;
  const arenaAt = fixupsAt + (fixupCount + (fixupCount % 2)) * fixupSize;
  if (payload.byteLength !== arenaAt + arenaLength) throw new BatchError('batch of a wrong length');
  const calls = Array.from({ length: callCount }, (_, index) => {
    return decodeCall(payload.subarray(header + index * callSize), index, symbols);
  });
  const fixups = Array.from({ length: fixupCount }, (_, index) => {
    const at = fixupsAt + index * fixupSize;
    return { at: payload.readUInt32LE(at), to: payload.readUInt32LE(at + 4) };
  });
  return { arena: new Uint8Array(payload.subarray(arenaAt)), calls, fixups };
}

function decodeCall(bytes: Buffer, index: number, symbols: ReadonlyMap<number, string>): Call {
  const number = bytes.readUInt32LE(0);
  const symbol = symbols.get(number);
  if (symbol === undefined) throw new BatchError(`system call ${number} is not one of the model`, index);
  const args = Array.from({ length: bytes.readUInt8(5) }, (_, position): Argument => {
    const value = bytes.readBigUInt64LE(16 + position * 8);
    switch (bytes.readUInt8(6 + position)) {
      case 0:
        return BigInt.asIntN(64, value);
      case 1:
        return { arena: Number(value) };
      case 2:
        return { result: Number(value) };
      default:
        throw new BatchError(`kind of argument ${position}`, index);
    }
  });
  return bytes.readUInt8(4) === 1 ? { symbol, args, mayFail: true } : { symbol, args };
}

export function encodeAnswer({ arena, results }: Answer): Buffer {
  const arenaAt = header + results.length * resultSize;
  const payload = Buffer.alloc(arenaAt + arena.byteLength);
  payload.writeUInt32LE(arena.byteLength, 0);
  payload.writeUInt32LE(results.length, 4);
  results.forEach(({ value, errno }, index) => {
    payload.writeBigInt64LE(BigInt.asIntN(64, value), header + index * resultSize);
    payload.writeUInt32LE(errno, header + index * resultSize + 8);
  });
  payload.set(arena, arenaAt);
  return payload;
}
