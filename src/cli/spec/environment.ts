import { CliError } from '../error.js';

/** Variables of several sources, `NAME=value`; a later one replaces an earlier one in its place. */
export function mergeEnvironment(...sources: readonly (readonly string[])[]): readonly string[] {
  const merged = new Map<string, string>();
  for (const entry of sources.flat()) {
    const equals = entry.indexOf('=');
    merged.set(equals === -1 ? entry : entry.slice(0, equals), entry);
  }
  return [...merged.values()];
}

/**
 * Reads `-e` options: `NAME=value`, or `NAME` for the value that it has here; unset here, it is left out.
 *
 * @throws CliError naming the option
 */
export function readEnvironment(
  words: readonly string[],
  own: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  return words.flatMap((word) => {
    const [name = ''] = word.split('=', 1);
    if (name === '' || /[\s\0]/.test(name) || word.includes('\0')) {
      throw new CliError(`--env: ${JSON.stringify(word)} is not NAME=VALUE`);
    }
    if (word.includes('=')) return [word];
    const value = own[name];
    return value === undefined ? [] : [`${name}=${value}`];
  });
}

/** The lines of a file of variables; blank ones and those that begin with # count for nothing. */
export function environmentLines(text: string): readonly string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trimStart())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
