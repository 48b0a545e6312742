import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { buildNative } from './programs.js';

/** Which part of the launcher a record goes to. */
export type Kind = 'hash' | 'path' | 'json' | 'toml' | 'bootstrap' | 'arguments';

/**
 * Runs a part of the launcher, under the sanitizers, on each of the inputs.
 *
 * @returns a line for each input
 * @throws when the program ends badly, with what the sanitizer says
 */
export function drive(kind: Kind, inputs: readonly (string | Buffer)[]): string[] {
  const records = inputs.map((input) => {
    const data = Buffer.from(input);
    const header = Buffer.alloc(5);
    header.write(kind.charAt(0));
    header.writeUInt32BE(data.length, 1);
    return Buffer.concat([header, data]);
  });
  const output = execFileSync(join(buildNative('sanitize'), 'launcher-driver'), {
    input: Buffer.concat(records),
    maxBuffer: 1 << 30,
  });
  const lines = output.toString('latin1').split('\n').slice(0, -1);
  if (lines.length !== inputs.length) throw new Error(`${inputs.length} inputs, ${lines.length} answers`);
  return lines;
}

/** Words for `path` and `arguments`. */
export function words(...values: string[]): string {
  return values.map((value) => `${value}\0`).join('');
}

/** The driver's form of a string: undefined for one that is not there. */
export function shown(value: string | undefined): string {
  return value === undefined ? ' -' : ` =${Buffer.from(value).toString('hex')}`;
}
