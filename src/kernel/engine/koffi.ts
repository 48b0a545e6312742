import { createRequire } from 'node:module';
import type koffiModule from 'koffi';
import type { CallResult } from '../kernel.js';
import { returnType } from '../symbols.js';
import type { Engine, Memory } from './engine.js';

type Koffi = typeof koffiModule;

/** Calls libc through the koffi package. */
export function createKoffiEngine(): Engine {
  // Loaded here and not by an import, so that choosing the other engine does not cost this one's memory.
  const koffi = createRequire(import.meta.url)('koffi') as Koffi;
  // The program's own symbols: libc is among them, under whatever file name this system gives it.
  const libc = koffi.load(null);
  const functions = new Map<string, ReturnType<typeof libc.func>>();

  function lookUp(symbol: string, arity: number): ReturnType<typeof libc.func> {
    const key = `${symbol}/${arity}`;
    let found = functions.get(key);
    if (found === undefined) {
      const result = returnType(symbol) === 'i64' ? 'int64_t' : 'int32_t';
      found = libc.func(symbol, result, new Array<string>(arity).fill('int64_t'));
      functions.set(key, found);
    }
    return found;
  }

  return {
    call(symbol, args) {
      const value: unknown = lookUp(symbol, args.length)(...args);
      // Nothing has run on this thread since the call but koffi's conversion of the value, which makes no call that
      // sets errno.
      return toResult(value, koffi.errno());
    },
    callOnThread(symbol, args) {
      const found = lookUp(symbol, args.length);
      return new Promise((resolve, reject) => {
        // koffi keeps the errno of the other thread, and puts it back for the time of this callback.
        found.async(...args, (error: unknown, value: unknown) => {
          if (error instanceof Error) reject(error);
          else resolve(toResult(value, koffi.errno()));
        });
      });
    },
    allocate(size) {
      const address: unknown = koffi.alloc('uint8_t', Math.max(size, 1));
      if (typeof address !== 'bigint') throw new Error('koffi.alloc: no address');
      const bytes = new Uint8Array(koffi.view(address, Math.max(size, 1)), 0, size);
      bytes.fill(0);
      return { address, bytes };
    },
    release(memory: Memory) {
      koffi.free(memory.address);
    },
  };
}

function toResult(value: unknown, errno: number): CallResult {
  if (typeof value !== 'number' && typeof value !== 'bigint') throw new TypeError('koffi: not an integer');
  const wide = BigInt(value);
  return { value: wide, errno: wide === -1n ? errno : 0 };
}
