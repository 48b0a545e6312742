import type { Bindings } from '../bindings/types.js';

type Constants = Bindings['constants'];
type FlagConstant = Extract<keyof Constants, `UF_${string}` | `SF_${string}`>;

/** The short names of chflags(1) and, after them, the other words that it takes for the same. */
const names: readonly (readonly [constant: FlagConstant, ...names: readonly [string, ...string[]]])[] = [
  ['SF_APPEND', 'sappnd', 'sappend'],
  ['SF_ARCHIVED', 'arch', 'archived'],
  ['SF_IMMUTABLE', 'schg', 'schange', 'simmutable'],
  ['SF_NOUNLINK', 'sunlnk', 'sunlink'],
  ['UF_APPEND', 'uappnd', 'uappend'],
  ['UF_ARCHIVE', 'uarch', 'uarchive'],
  ['UF_HIDDEN', 'hidden', 'uhidden'],
  ['UF_IMMUTABLE', 'uchg', 'uchange', 'uimmutable'],
  ['UF_NODUMP', 'nodump'],
  ['UF_NOUNLINK', 'uunlnk', 'uunlink'],
  ['UF_OFFLINE', 'offline', 'uoffline'],
  ['UF_OPAQUE', 'opaque'],
  ['UF_READONLY', 'rdonly', 'urdonly', 'readonly'],
  ['UF_REPARSE', 'reparse', 'ureparse'],
  ['UF_SPARSE', 'sparse', 'usparse'],
  ['UF_SYSTEM', 'system', 'usystem'],
];

/** File flags in the words of chflags(1), joined with commas; bits without a word are left out. */
export function flagNames(constants: Constants, flags: number): string {
  return names
    .filter(([constant]) => (flags & constants[constant]) !== 0)
    .map(([, name]) => name)
    .join(',');
}

/** The bits of such words; words that are not known count for nothing. */
export function flagsOfNames(constants: Constants, text: string): number {
  return text
    .split(',')
    .map((word) => names.find(([, ...known]) => known.includes(word)))
    .reduce((sum, found) => (found === undefined ? sum : (sum | constants[found[0]]) >>> 0), 0);
}
