import { refuse, shown } from './error.js';
import type { Pairs } from './instructions.js';
import type { Line } from './lines.js';
import { quotedWords } from './words.js';

/** Reads `A=b C="d e"`, or the old form `A b c` of one name and the rest of the line. */
export function parsePairs(file: string, { line, keyword, rest }: Line, escape: string): Pairs {
  const words = quotedWords(rest, escape);
  const [first] = words;
  if (first === undefined) refuse(file, line, `${keyword} needs NAME=VALUE`);
  if (!first.includes('=')) {
    const [, name = '', value] = /^(\S+)\s+([^]+)$/.exec(rest) ?? [];
    if (value === undefined) refuse(file, line, `${keyword} ${shown(first)} has no value`);
    return [[name, value]];
  }
  return words.map((word) => {
    const [name, value] = split(word);
    if (value === undefined) refuse(file, line, `${keyword}: ${shown(word)} is not NAME=VALUE`);
    if (name === '') refuse(file, line, `${keyword}: ${shown(word)} has no name`);
    return [name, value];
  });
}

/** Reads `A` and `A=default`. */
export function parseArguments(
  file: string,
  { line, rest }: Line,
  escape: string,
): (readonly [string, string | undefined])[] {
  const words = quotedWords(rest, escape);
  if (words.length === 0) refuse(file, line, 'ARG needs NAME or NAME=DEFAULT');
  return words.map((word) => {
    const [name, value] = split(word);
    if (!/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name)) refuse(file, line, `ARG: ${shown(name)} is no name`);
    return [name, value];
  });
}

function split(word: string): [string, string | undefined] {
  const equals = word.indexOf('=');
  return equals === -1 ? [word, undefined] : [word.slice(0, equals), word.slice(equals + 1)];
}
