import { ImageError } from '../../error.js';

/** A Containerfile that cannot be understood. @throws ImageError invalid: `NAME:LINE: why` */
export function refuse(file: string, line: number, why: string): never {
  throw new ImageError('invalid', `${file}:${line}: ${why}`);
}

/** Text of a file in a message: quoted, and not more than a line holds. */
export const shown = (text: string): string =>
  JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
