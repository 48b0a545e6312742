import assert from 'node:assert/strict';
import type { Kernel } from '../../../src/kernel/kernel.js';
import { fileSystemAt, listMounts, type MountedFileSystem } from '../../../src/kernel/freebsd/mounts.js';
import type { Case } from './case.js';
import { call, callWithOptions, text, type Outcome, type OptionsOutcome, type RawOption } from './raw.js';

/** nmount(2) as it is; what comes of it is unmounted at the end of the case. */
export async function nmount(
  c: Case,
  options: readonly RawOption[],
  flags = 0,
  more: Parameters<typeof callWithOptions>[4] = {},
): Promise<OptionsOutcome> {
  const outcome = await callWithOptions(c.system.kernel, 'nmount', options, flags, more);
  const path = options.findLast(([name]) => name === 'fspath')?.[1];
  const update = options.some(([name]) => name === 'update') || (flags & c.constants.MNT_UPDATE) !== 0;
  if (outcome.error === '' && path && !update) {
    c.unmountLater(Buffer.from(path).toString('utf8', 0, path.indexOf(0)));
  }
  return outcome;
}

/** The options of a mount of this type. */
export function of(type: string, path: string, ...more: RawOption[]): RawOption[] {
  return [['fstype', text(type)], ['fspath', text(path)], ...more];
}

/** An option without a value. */
export function word(name: string): RawOption {
  return [name, null];
}

/** Says that a mount succeeds. */
export async function mounts(c: Case, options: readonly RawOption[], flags = 0): Promise<void> {
  const { error, text: said } = await nmount(c, options, flags);
  assert.deepEqual([error, said], ['', '']);
}

/** Says that a mount is refused so, with these words. */
export async function refusesMount(
  c: Case,
  options: readonly RawOption[],
  error: string,
  said = '',
  flags = 0,
): Promise<void> {
  const outcome = await nmount(c, options, flags);
  assert.deepEqual([outcome.error, outcome.text], [error, said]);
}

/** What is mounted where a path leads. */
export function mountedAt(c: Case, path: string): Promise<MountedFileSystem> {
  return c.run((b) => fileSystemAt(b, path));
}

/** The flags of what is mounted there. */
export async function flagsAt(c: Case, path: string): Promise<number> {
  return Number((await mountedAt(c, path)).flags);
}

/** The mounts at or below a path, in their order. */
export async function mountsBelow(c: Case, path: string): Promise<string[]> {
  const all = await listMounts(c.system);
  return all
    .filter(({ on }) => on.startsWith(`${path}/`))
    .map(({ type, on }) => `${type} ${on.slice(path.length + 1)}`);
}

/** unmount(2) as it is. */
export async function unmountRaw(kernel: Kernel, path: string, flags = 0): Promise<string> {
  const { error } = await call(kernel, 'unmount', (arena) => [{ arena: arena.text(path, 'path') }, flags]);
  return error;
}

/** Opens a path and closes it again at the end of the case; answers the outcome. */
export async function open(c: Case, path: string, flags: number, kernel = c.system.kernel): Promise<Outcome> {
  const outcome = await call(kernel, 'openat', (arena) => [
    c.constants.AT_FDCWD,
    { arena: arena.text(path, 'path') },
    flags,
    0o644,
  ]);
  if (outcome.error === '') c.defer(() => call(kernel, 'close', () => [outcome.value]));
  return outcome;
}

/** The errno of a call with one path and integers after it. */
export async function tryPath(
  kernel: Kernel,
  symbol: string,
  path: string,
  ...rest: number[]
): Promise<string> {
  return (await call(kernel, symbol, (arena) => [{ arena: arena.text(path, 'path') }, ...rest])).error;
}
