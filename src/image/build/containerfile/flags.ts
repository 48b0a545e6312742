import { refuse, shown } from './error.js';

/** `--name=value` before the words of an instruction. */
export interface Flags {
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly rest: string;
}

/**
 * Takes the flags off the beginning of an instruction.
 *
 * @param known names, without dashes; `repeated` of them may be given more than once
 * @throws ImageError invalid for another, or for one given twice
 */
export function takeFlags(
  file: string,
  line: number,
  text: string,
  known: readonly string[],
  repeated: readonly string[] = [],
): Flags {
  const values = new Map<string, string[]>();
  let rest = text;
  for (;;) {
    const found = /^--([a-z][a-z-]*)(?:=((?:"[^"]*"|\S)*))?(?:\s+|$)/.exec(rest);
    if (found?.[1] === undefined) break;
    const name = found[1];
    if (!known.includes(name)) {
      const those = known.length === 0 ? 'none' : known.map((each) => `--${each}`).join(' ');
      refuse(file, line, `unknown flag --${name}; known here: ${those}`);
    }
    const list = values.get(name) ?? [];
    if (list.length > 0 && !repeated.includes(name)) refuse(file, line, `--${name} is given twice`);
    values.set(name, [...list, found[2] ?? 'true']);
    rest = rest.slice(found[0].length);
  }
  if (/^--\S/.test(rest)) refuse(file, line, `${shown(rest.split(/\s/)[0] ?? '')} is no flag`);
  return { values, rest };
}

/** A flag that is `true` or `false`. */
export function truth(file: string, line: number, name: string, value: string | undefined): boolean {
  if (value === undefined || value === 'false') return false;
  return value === 'true' || refuse(file, line, `--${name} is true or false, not ${shown(value)}`);
}
