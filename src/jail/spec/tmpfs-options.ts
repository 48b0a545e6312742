import type { TmpfsPlan } from '../plan/mount.js';
import { defined } from '../pick.js';
import { shown, type Field } from './field.js';
import type { TypeOption } from './mount-options.js';
import { octalMode, ownerId, sizeText } from './numbers.js';

type Found = { -readonly [K in 'size' | 'inodes' | 'uid' | 'gid' | 'mode' | 'copyUp']?: TmpfsPlan[K] };

type Read = (text: string, field: Field) => number | undefined;

const numbers = new Map<string, readonly [name: Exclude<keyof Found, 'copyUp'>, read: Read]>([
  ['size', ['size', limited(size)]],
  ['inodes', ['inodes', limited(inodes)]],
  ['nr_inodes', ['inodes', limited(inodes)]],
  ['uid', ['uid', ownerId]],
  ['gid', ['gid', ownerId]],
  ['mode', ['mode', octalMode]],
]);

/**
 * The options of a tmpfs(5), with the names that Linux has for them. All are checked, as the kernel takes words that it
 * does not understand for "no limit". Sizes have the suffixes k, m, g, t; 0 means no limit.
 */
export function readTmpfsOptions(options: readonly TypeOption[]): Found & { readonly copyUp: boolean } {
  const found: Found = {};
  for (const { name, value, field } of options) {
    if (name === 'tmpcopyup' && value === undefined) {
      found.copyUp = true;
      continue;
    }
    const [member, read] = numbers.get(name) ?? field.unsupported(`tmpfs has no option ${shown(name)}`);
    Object.assign(found, { [member]: read(value ?? field.invalid(`${shown(name)} has no value`), field) });
  }
  return defined<Found & { readonly copyUp: boolean }>({ ...found, copyUp: found.copyUp ?? false });
}

function limited(read: (text: string, field: Field) => number): Read {
  return (text, field) => read(text, field) || undefined;
}

function size(text: string, field: Field): number {
  const value = Number(sizeText(text, field));
  return Number.isSafeInteger(value) ? value : field.invalid(`${text} is too much`);
}

function inodes(text: string, field: Field): number {
  const value = size(text, field);
  // The kernel takes 1 to 3 for no limit.
  if ((value > 0 && value < 4) || value > 0x7fff_ffff) field.invalid(`${value} is not 0 or 4 to 2147483647`);
  return value;
}
