import { createRequire } from 'node:module';
import type * as ffiModule from 'ffi-rs';
import type { CallResult } from '../kernel.js';
import { returnType } from '../symbols.js';
import type { Engine, Memory } from './engine.js';

type Ffi = typeof ffiModule;

interface Loaded {
  readonly value: unknown;
  readonly errnoCode: number;
}

/** Calls libc through the ffi-rs package, which has no build for FreeBSD. */
export function createFfiRsEngine(): Engine {
  // Loaded here and not by an import: the package is wanted only where the configuration asks for it, and does not
  // load at all on FreeBSD.
  const { load, open, createExternalBuffer, DataType } = createRequire(import.meta.url)('ffi-rs') as Ffi;
  // The program's own symbols: libc is among them, under whatever file name this system gives it.
  const library = 'libc';
  open({ library, path: '' });

  function parameters(symbol: string, args: readonly bigint[], retType: ffiModule.DataType) {
    // DataType.I64 would go through a double; a BigInt keeps all 64 bits.
    const paramsType = new Array<ffiModule.DataType>(args.length).fill(DataType.BigInt);
    return { library, funcName: symbol, retType, paramsType, paramsValue: [...args], errno: true as const };
  }

  function width(symbol: string): ffiModule.DataType {
    return returnType(symbol) === 'i64' ? DataType.BigInt : DataType.I32;
  }

  function call(symbol: string, args: readonly bigint[], retType: ffiModule.DataType): Loaded {
    return load(parameters(symbol, args, retType));
  }

  return {
    call(symbol, args) {
      return toResult(call(symbol, args, width(symbol)));
    },
    async callOnThread(symbol, args) {
      return toResult(
        await load({ ...parameters(symbol, args, width(symbol)), runInNewThread: true as const }),
      );
    },
    allocate(size) {
      const length = Math.max(size, 1);
      const { value: address } = call('calloc', [1n, BigInt(length)], DataType.BigInt);
      if (typeof address !== 'bigint' || address === 0n) throw new Error(`calloc: no ${length} bytes`);
      // Gives the address back as the pointer object that createExternalBuffer asks for.
      const { value: pointer } = call('memmove', [address, address, 0n], DataType.External);
      const buffer = createExternalBuffer(pointer as ffiModule.JsExternal, length);
      return { address, bytes: new Uint8Array(buffer.buffer, buffer.byteOffset, size) };
    },
    release(memory: Memory) {
      call('free', [memory.address], DataType.Void);
    },
  };
}

// ffi-rs takes errno right after the call, on the thread that made it.
function toResult({ value, errnoCode }: Loaded): CallResult {
  if (typeof value !== 'number' && typeof value !== 'bigint') throw new TypeError('ffi-rs: not an integer');
  const wide = BigInt(value);
  return { value: wide, errno: wide === -1n ? errnoCode : 0 };
}
