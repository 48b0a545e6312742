import { ImageError } from '../error.js';

/** Gives the mode of a file or directory that had another. */
export type Chmod = (mode: number, isDirectory: boolean) => number;

const who: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o1007, a: 0o7777 };
const what: Readonly<Record<string, number>> = { r: 0o444, w: 0o222, x: 0o111, s: 0o6000, t: 0o1000 };

/** Reads the value of `--chmod`: octal, or as chmod(1) has it: `u=rwX,go-w`. @throws ImageError invalid */
export function parseChmod(text: string): Chmod {
  if (/^[0-7]{1,4}$/.test(text)) {
    const mode = Number.parseInt(text, 8);
    return () => mode;
  }
  const clauses = text.split(',').map((clause) => {
    const found = /^([ugoa]*)([-+=])([rwxXst]*)$/.exec(clause);
    if (found === null) {
      throw new ImageError(
        'invalid',
        `--chmod=${text}: ${JSON.stringify(clause)} is neither octal nor as u=rwX,go-w`,
      );
    }
    const [, whom = '', operator = '', permissions = ''] = found;
    const mask = Array.from(whom === '' ? 'a' : whom).reduce((sum, each) => sum | (who[each] ?? 0), 0);
    return { mask, operator, permissions };
  });
  return (mode, isDirectory) =>
    clauses.reduce((result, { mask, operator, permissions }) => {
      const bits = Array.from(permissions).reduce((sum, each) => {
        if (each !== 'X') return sum | (what[each] ?? 0);
        return isDirectory || (result & 0o111) !== 0 ? sum | 0o111 : sum;
      }, 0);
      if (operator === '+') return result | (bits & mask);
      if (operator === '-') return result & ~(bits & mask);
      return (result & ~(mask & 0o777)) | (bits & mask);
    }, mode);
}
