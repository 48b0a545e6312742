import { checkBatch, maxArenaSize } from '../batch.js';
import type { Answer, Argument, Batch, CallResult, Platform } from '../kernel.js';

// The payloads of sections 3 to 8 of native/agent-protocol.md.

const version = 1;
const maxCalls = 4096;
const maxFixups = 65_536;
const batchHeader = 16;
const callSize = 64;
const callArguments = 16;
const resultSize = 16;

/** The processors that agents run on, by FreeBSD's names. */
export type Processor = 'amd64' | 'arm64';

/** What an agent says of itself. */
export interface Hello {
  readonly platform: Platform;
  readonly processor: Processor;
  readonly pid: number;
  /** Whether it can make child agents. */
  readonly canFork: boolean;
}

/** The system call number of a function of libc, or a RangeError if there is none of that name. */
export type NumberOf = (symbol: string) => number;

export function encodeOpen(token: bigint): Buffer {
  const payload = Buffer.alloc(16);
  payload.writeUInt32LE(version, 0);
  payload.writeBigUInt64LE(token, 8);
  return payload;
}

/** @throws Error if the agent speaks another version, or is of a system that we do not know. */
export function decodeHello(payload: Buffer): Hello {
  if (payload.byteLength !== 24) throw new Error(`agent: HELLO of ${payload.byteLength} bytes`);
  const spoken = payload.readUInt32LE(0);
  if (spoken !== version) throw new Error(`agent: protocol version ${spoken}, we speak ${version}`);
  const platform = ([undefined, 'freebsd', 'linux'] as const)[payload.readUInt32LE(4)];
  const processor = ([undefined, 'amd64', 'arm64'] as const)[payload.readUInt32LE(8)];
  if (platform === undefined || processor === undefined)
    throw new Error('agent: unknown system or processor');
  return { platform, processor, pid: payload.readUInt32LE(12), canFork: payload.readUInt32LE(20) !== 0 };
}

/** @throws RangeError if the batch breaks a rule of the interface, or is larger than agents take. */
export function encodeBatch(batch: Batch, numberOf: NumberOf): Buffer {
  checkBatch(batch);
  const { arena, calls, fixups } = batch;
  if (calls.length > maxCalls) throw new RangeError(`batch: ${calls.length} calls, at most ${maxCalls}`);
  if (fixups.length > maxFixups) throw new RangeError(`batch: ${fixups.length} fixups, at most ${maxFixups}`);
  const fixupsAt = batchHeader + calls.length * callSize;
  const arenaAt = fixupsAt + (fixups.length + (fixups.length % 2)) * 8;
  const payload = Buffer.alloc(arenaAt + arena.byteLength);
  payload.writeUInt32LE(arena.byteLength, 0);
  payload.writeUInt32LE(fixups.length, 4);
  payload.writeUInt32LE(calls.length, 8);
  calls.forEach(({ symbol, args, mayFail }, index) => {
    const call = payload.subarray(batchHeader + index * callSize);
    call.writeUInt32LE(numberOf(symbol), 0);
    call.writeUInt8(mayFail === true ? 1 : 0, 4);
    call.writeUInt8(args.length, 5);
    args.forEach((argument, position) => {
      const [kind, value] = encodeArgument(argument);
      call.writeUInt8(kind, 6 + position);
      call.writeBigUInt64LE(BigInt.asUintN(64, value), callArguments + position * 8);
    });
  });
  fixups.forEach(({ at, to }, index) => {
    payload.writeUInt32LE(at, fixupsAt + index * 8);
    payload.writeUInt32LE(to, fixupsAt + index * 8 + 4);
  });
  payload.set(arena, arenaAt);
  return payload;
}

function encodeArgument(argument: Argument): [kind: number, value: bigint] {
  if (typeof argument === 'object') {
    return 'arena' in argument ? [1, BigInt(argument.arena)] : [2, BigInt(argument.result)];
  }
  return [0, BigInt(argument)];
}

/**
 * The answer to a batch.
 *
 * @throws Error if it cannot be the answer to this batch: an agent is another program, maybe on another machine.
 */
export function decodeAnswer(payload: Buffer, batch: Batch): Answer {
  const { answer, length } = decodeAnswerPart(payload, batch);
  if (length !== payload.byteLength) throw new Error('agent: ANSWER of a wrong length');
  return answer;
}

function decodeAnswerPart(payload: Buffer, batch: Batch): { answer: Answer; length: number } {
  if (payload.byteLength < 16) throw new Error('agent: ANSWER without its header');
  const arenaLength = payload.readUInt32LE(0);
  const count = payload.readUInt32LE(4);
  const arenaAt = 16 + count * resultSize;
  const length = arenaAt + arenaLength;
  const fits = arenaLength === batch.arena.byteLength && arenaLength <= maxArenaSize;
  if (!fits || count > batch.calls.length || length > payload.byteLength) {
    throw new Error(`agent: ANSWER with ${count} results and ${arenaLength} bytes is not of this batch`);
  }
  const results = Array.from({ length: count }, (_, index): CallResult => {
    const at = 16 + index * resultSize;
    return { value: payload.readBigInt64LE(at), errno: payload.readUInt32LE(at + 8) };
  });
  return { answer: { arena: new Uint8Array(payload.subarray(arenaAt, length)), results }, length };
}

export function encodeFork(token: bigint): Buffer {
  const payload = Buffer.alloc(8);
  payload.writeBigUInt64LE(token, 0);
  return payload;
}

/** The child's process id. */
export function decodeForked(payload: Buffer): number {
  if (payload.byteLength !== 8) throw new Error('agent: FORKED of a wrong length');
  return payload.readUInt32LE(0);
}

/** What bounds a child that runs one batch. */
export interface RunLimits {
  /** After so many milliseconds it is killed; 0 for no limit. */
  readonly milliseconds: number;
  /** So many bytes of what it writes are wanted, at most 1 MiB. */
  readonly outputLimit: number;
}

/** What became of a child that ran one batch. */
export interface Ran {
  readonly pid: number;
  /** As wait4(2) gives it. */
  readonly status: number;
  readonly timedOut: boolean;
  readonly outputCut: boolean;
  /** What it wrote to its standard output and error. */
  readonly output: Buffer;
  /** The results of the calls that returned: not of an execve that succeeded. */
  readonly answer: Answer;
}

/** @throws RangeError if a limit is no 32-bit integer, or as encodeBatch does */
export function encodeRun(batch: Batch, limits: RunLimits, numberOf: NumberOf): Buffer {
  for (const name of ['milliseconds', 'outputLimit'] as const) {
    const limit = limits[name];
    if (!Number.isInteger(limit) || limit < 0 || limit > 0xffffffff)
      throw new RangeError(`${name}: ${limit}`);
  }
  const header = Buffer.alloc(16);
  header.writeUInt32LE(limits.milliseconds, 0);
  header.writeUInt32LE(limits.outputLimit, 4);
  return Buffer.concat([header, encodeBatch(batch, numberOf)]);
}

export function decodeRan(payload: Buffer, batch: Batch): Ran {
  if (payload.byteLength < 16) throw new Error('agent: RAN without its header');
  const flags = payload.readUInt32LE(8);
  const rest = payload.subarray(16);
  const { answer, length } = decodeAnswerPart(rest, batch);
  const output = rest.subarray(length);
  if (output.byteLength !== payload.readUInt32LE(12)) throw new Error('agent: RAN of a wrong length');
  return {
    pid: payload.readUInt32LE(0),
    status: payload.readUInt32LE(4),
    timedOut: (flags & 1) !== 0,
    outputCut: (flags & 2) !== 0,
    output,
    answer,
  };
}

/** The code of an ERROR that says which call of the agent's own failed. */
export const ownCallFailed = 5;

/** A request that the agent refused; nothing of it was done. */
export class AgentError extends Error {
  override readonly name = 'AgentError';
  readonly code: number;
  /** Of the fixup or call that is at fault. For code 5 an errno. */
  readonly index: number;
  /** What is wrong; for code 5 the call that failed. */
  readonly text: string;

  constructor(code: number, index: number, text: string) {
    super(`agent: ${text} (error ${code}, index ${index})`);
    this.code = code;
    this.index = index;
    this.text = text;
  }
}

export function decodeError(payload: Buffer): Error {
  if (payload.byteLength < 8) return new Error('agent: ERROR without its header');
  return new AgentError(payload.readUInt32LE(0), payload.readUInt32LE(4), payload.toString('latin1', 8));
}
