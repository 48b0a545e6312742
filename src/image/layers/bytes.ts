/**
 * Names and paths of this folder are bytes, one character each (latin1), so that names which are no UTF-8 stay as they are. These
 * turn them into what Node takes, and back.
 */

const ascii = /^[\0-\x7f]*$/;

/** For functions of node:fs: text where it is the same, which is quicker. */
export const nativePath = (path: string): string | Buffer =>
  ascii.test(path) ? path : Buffer.from(path, 'latin1');

export const pathBytes = (path: string): Buffer => Buffer.from(path, 'latin1');

/** A path or a name of the rest of the program. */
export const fromText = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/** For people. */
export const toText = (path: string): string => Buffer.from(path, 'latin1').toString('utf8');

/** Quoted, and cut if it is long. */
export const shownName = (path: string): string => {
  const text = toText(path);
  return JSON.stringify(text.length > 300 ? `${text.slice(0, 200)}…${text.slice(-90)}` : text);
};
