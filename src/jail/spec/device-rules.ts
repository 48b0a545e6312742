import type { DevicePlan } from '../plan/mount.js';
import { shown, type Field } from './field.js';
import { octalMode, ownerId } from './numbers.js';

// DEVFS_MAXPTRNLEN of fs/devfs/devfs.h counts the NUL.
const longestPattern = 199;

/** A pattern of devices: below /dev, with the wildcards of fnmatch(3). "/dev/" may stand in front. */
export function devicePattern(text: string, field: Field): string {
  const pattern = text.replace(/^\/dev\//, '');
  const parts = pattern.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    field.invalid(`${shown(text)} is no device below /dev`);
  }
  if (Buffer.byteLength(pattern) > longestPattern) field.invalid(`more than ${longestPattern} bytes`);
  return pattern;
}

/**
 * The rules that a rule for a device needs: the directories that lead to it come first, as devfs hides what is below
 * a hidden one.
 */
export function deviceRules(rule: DevicePlan): DevicePlan[] {
  if (rule.unhide !== true) return [rule];
  const parts = rule.pattern.split('/').slice(0, -1);
  const directories = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
  return [...directories.map((pattern) => ({ pattern, unhide: true })), rule];
}

/** A rule as devfs(8) has it: `path PATTERN` and then `hide`, `unhide`, `mode MODE`, `user ID`, `group ID`. */
export function ruleText(text: string, field: Field): DevicePlan {
  const words = text.trim().split(/\s+/);
  const next = (): string => words.shift() ?? field.invalid(`${shown(text)} ends too early`);
  if (next() !== 'path') field.unsupported(`${shown(text)} is no rule for a path`);
  const rule: { -readonly [K in keyof DevicePlan]: DevicePlan[K] } = {
    pattern: devicePattern(next(), field),
  };
  while (words.length > 0) {
    const word = next();
    if (word === 'hide' || word === 'unhide') rule[word] = true;
    else if (word === 'mode') rule.mode = octalMode(next(), field);
    else if (word === 'user') rule.uid = ownerId(next(), field);
    else if (word === 'group') rule.gid = ownerId(next(), field);
    else field.unsupported(`a rule for a device has no ${shown(word)}`);
  }
  if (rule.hide === true && rule.unhide === true) field.invalid('hides and unhides');
  if (Object.keys(rule).length === 1) field.invalid(`${shown(text)} does nothing`);
  return rule;
}
