import { CliError } from '../error.js';

const powers = ['', 'k', 'm', 'g', 't'];

/** Reads a number of bytes: `512m`, `1.5g`, `1048576`; units are powers of 1024. @throws CliError naming the option */
export function readSize(option: string, word: string): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)([kmgt]?)(?:i?b)?$/i.exec(word) ?? [];
  const bytes = Math.floor(Number(digits) * 1024 ** powers.indexOf(unit.toLowerCase()));
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new CliError(`--${option}: ${JSON.stringify(word)} is no size, as 512m is`);
}

/** Reads a number above 0. @throws CliError naming the option */
export function readNumber(option: string, word: string, whole: boolean): number {
  const number = /^\d+(?:\.\d+)?$/.test(word) ? Number(word) : NaN;
  if (number > 0 && number < 2 ** 31 && (!whole || Number.isInteger(number))) return number;
  throw new CliError(`--${option}: ${JSON.stringify(word)} is no ${whole ? 'whole ' : ''}number above 0`);
}
