import { resolve } from 'node:path';
import { CliError } from '../error.js';

/** A folder or file of the host that a container sees. */
export interface Volume {
  readonly source: string;
  readonly target: string;
  readonly readonly: boolean;
}

/**
 * Reads `SOURCE:TARGET[:ro|rw]`. A relative source begins with `.`, as other words would be names of volumes elsewhere.
 *
 * @throws CliError naming the option
 */
export function readVolume(word: string, directory: string): Volume {
  const wrong = (why: string): CliError =>
    new CliError(`--volume: ${JSON.stringify(word)}: ${why}, as in /srv/data:/data:ro`);
  const [source = '', target, mode = 'rw', ...more] = word.split(':');
  if (target === undefined || more.length > 0) throw wrong('not SOURCE:TARGET[:ro]');
  if (!/^\.{0,2}\//.test(source) && !/^\.{1,2}$/.test(source)) {
    throw wrong(`${JSON.stringify(source)} is no path`);
  }
  if (!target.startsWith('/')) throw wrong(`${JSON.stringify(target)} is no absolute path in the container`);
  if (mode !== 'ro' && mode !== 'rw') throw wrong(`${JSON.stringify(mode)} is neither ro nor rw`);
  if (word.includes('\0')) throw wrong('it holds a NUL');
  return { source: resolve(directory, source), target, readonly: mode === 'ro' };
}
