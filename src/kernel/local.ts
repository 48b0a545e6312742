import { checkBatch } from './batch.js';
import type { Engine, Memory } from './engine/engine.js';
import { createFfiRsEngine } from './engine/ffi-rs.js';
import { createKoffiEngine } from './engine/koffi.js';
import type { Answer, Argument, Batch, CallResult, LocalKernel, Platform } from './kernel.js';
import { MemoryPool } from './memory-pool.js';

/** The FFI libraries that can call this host's libc. */
export type EngineName = 'koffi' | 'ffi-rs';

/**
 * The kernel of this host. Batches are run by name in libc, so the arguments are those of libc's functions.
 *
 * @throws Error if the engine's package does not load on this host.
 */
export function openLocalKernel(engine: EngineName): LocalKernel {
  return new HostKernel(engine === 'koffi' ? createKoffiEngine() : createFfiRsEngine(), hostPlatform());
}

/** The system of this host; the only place that asks. @throws Error if there is no kernel layer for it */
export function hostPlatform(): Platform {
  if (process.platform === 'linux' || process.platform === 'freebsd') return process.platform;
  throw new Error(`no kernel layer for ${process.platform}`);
}

class HostKernel implements LocalKernel {
  readonly platform: Platform;
  readonly #engine: Engine;
  readonly #pool: MemoryPool;
  #closed = false;

  constructor(engine: Engine, platform: Platform) {
    this.#engine = engine;
    this.#pool = new MemoryPool(engine);
    this.platform = platform;
  }

  runSync(batch: Batch): Answer {
    checkBatch(batch);
    const memory = this.#borrow(batch);
    try {
      const results: CallResult[] = [];
      for (const { symbol, args, mayFail } of batch.calls) {
        const result = this.#engine.call(symbol, integers(args, memory, results));
        results.push(result);
        if (result.errno !== 0 && mayFail !== true) break;
      }
      return { arena: memory.bytes.slice(0, batch.arena.byteLength), results };
    } finally {
      this.#giveBack(memory);
    }
  }

  run(batch: Batch): Promise<Answer> {
    return new Promise((resolve) => {
      resolve(this.runSync(batch));
    });
  }

  async runBlocking(batch: Batch): Promise<Answer> {
    checkBatch(batch);
    const memory = this.#borrow(batch);
    try {
      const results: CallResult[] = [];
      for (const { symbol, args, mayFail } of batch.calls) {
        const result = await this.#engine.callOnThread(symbol, integers(args, memory, results));
        results.push(result);
        if (result.errno !== 0 && mayFail !== true) break;
      }
      return { arena: memory.bytes.slice(0, batch.arena.byteLength), results };
    } finally {
      this.#giveBack(memory);
    }
  }

  /** A batch that is still running on another thread runs to its end, and its memory is released then. */
  close(): void {
    this.#closed = true;
    this.#pool.close();
  }

  #borrow(batch: Batch): Memory {
    if (this.#closed) throw new Error('kernel: closed');
    const memory = this.#pool.borrow(batch.arena.byteLength);
    memory.bytes.set(batch.arena);
    const view = new DataView(memory.bytes.buffer, memory.bytes.byteOffset, memory.bytes.byteLength);
    for (const { at, to } of batch.fixups) view.setBigUint64(at, memory.address + BigInt(to), true);
    return memory;
  }

  #giveBack(memory: Memory): void {
    this.#pool.giveBack(memory);
    if (this.#closed) this.#pool.close();
  }
}

function integers(args: readonly Argument[], memory: Memory, results: readonly CallResult[]): bigint[] {
  return args.map((argument) => {
    if (typeof argument === 'bigint') return BigInt.asIntN(64, argument);
    if (typeof argument === 'number') return BigInt(argument);
    if ('arena' in argument) return memory.address + BigInt(argument.arena);
    return results[argument.result]?.value ?? -1n;
  });
}
