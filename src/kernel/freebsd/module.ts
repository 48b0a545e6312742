import { isKernelError } from '../error.js';
import { readStruct, readText } from '../layout.js';
import type { BatchBuilder, Step } from './batch-builder.js';
import { checkNonEmpty, checkPositive } from './check.js';
import { run, type FreeBSD } from './run.js';

// Modules are known by two names: that of the file, by which kldload(2) has it loaded, and that which it has in the kernel,
// by which modfind(2) finds it. What is compiled into the kernel has no file: kldfind(2) does not know it.

/** A file of the kernel, or the kernel itself: struct kld_file_stat of sys/linker.h. */
export interface KernelFile {
  readonly id: number;
  /** "pf.ko" */
  readonly name: string;
  readonly path: string;
  /** How many files, and its loader, need it. */
  readonly references: number;
  readonly bytes: bigint;
}

/** The number of a module in the kernel, compiled in or loaded: modfind(2). ENOENT if there is none. */
export function findModule(b: BatchBuilder, name: string): Step<number> {
  return byName(b, 'modfind', name);
}

/** The number of a file that was loaded, with or without ".ko": kldfind(2). ENOENT if it was not, or is compiled in. */
export function findKernelFile(b: BatchBuilder, name: string): Step<number> {
  return byName(b, 'kldfind', name);
}

/**
 * Loads a module from the kernel's folders, and answers the number of its file: kldload(2). EEXIST if it is there, in the
 * kernel too; ENOENT if there is no such file, EPERM in a jail and at a raised securelevel.
 */
export function loadModule(b: BatchBuilder, name: string): Step<number> {
  return byName(b, 'kldload', name);
}

/** Has a module in the kernel, loading it if need be. It stays. Answers whether it was there already. */
export async function requireModule(system: FreeBSD, name: string): Promise<'there' | 'loaded'> {
  const loaded = await run(system, (b) => b.attempt(() => loadModule(b, name)));
  if (!isKernelError(loaded)) return 'loaded';
  if (loaded.code === 'EEXIST') return 'there';
  // At a raised securelevel that is all that kldload(2) says, of what is there as well: by its file, or compiled in.
  if (loaded.code === 'EPERM' && (await isThere(system, name))) return 'there';
  throw loaded;
}

async function isThere(system: FreeBSD, name: string): Promise<boolean> {
  const found = await run(system, (b) => [
    b.attempt(() => findKernelFile(b, name)),
    b.attempt(() => findModule(b, name)),
  ]);
  return found.some((number) => !isKernelError(number));
}

/** What is known of a file: kldstat(2). ENOENT if there is none of this number. */
export function readKernelFile(b: BatchBuilder, id: number): Step<KernelFile> {
  const { kld_file_stat } = b.bindings.layouts;
  checkPositive('file', id);
  const at = b.arena.struct(kld_file_stat, { version: kld_file_stat.size });
  const value = b.call('kldstat', [id, { arena: at }], { object: `kernel file ${id}` });
  return {
    value,
    decode: ({ arena }) => {
      const file = readStruct(arena, at, kld_file_stat);
      return {
        id: file.id,
        name: readText(file.name),
        path: readText(file.pathname),
        references: file.refs,
        bytes: file.size,
      };
    },
  };
}

/** A name that leads to nothing but the folders where the kernel looks for modules. */
function byName(b: BatchBuilder, symbol: 'modfind' | 'kldfind' | 'kldload', name: string): Step<number> {
  checkNonEmpty('module', name, b.bindings.constants.MAXPATHLEN);
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name))
    throw new RangeError(`module: '${name}' is no name of a module`);
  const args = [{ arena: b.arena.text(name, 'module') }];
  const value = b.call(symbol, args, { object: `module ${name}` });
  return { value, decode: ({ valueOf }) => valueOf(value) };
}
