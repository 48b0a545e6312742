import { ImageError } from '../error.js';
import { reason } from '../../runtime/error.js';

/** Where an instruction stands. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly escape: string;
}

/** Gives errors of an instruction its place: `Containerfile:7: COPY a b: …`. */
export async function at<T>({ file, line }: Place, text: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const why = reason(error);
    if (why.startsWith(`${file}:`)) throw error;
    const kind = error instanceof ImageError ? error.kind : 'failed';
    const short = text.replace(/\s+/g, ' ');
    const shown = short.length > 60 ? `${short.slice(0, 57)}...` : short;
    throw new ImageError(kind, `${file}:${line}: ${shown}: ${why}`, { cause: error });
  }
}
