import { invalid, quote } from './quote.js';
import { parseDestination } from './uri.js';

/** The path of the FIFO that a request's stdin names, at most `pathMax` bytes with its NUL; undefined when there is no input. */
export function inputPath(value: string, pathMax: number): string | undefined {
  const origin = parseDestination(value, pathMax);
  if (origin.kind === 'null') return undefined;
  if (origin.kind !== 'path') throw invalid(`${quote(value)} is not the path of a FIFO`);
  return origin.path;
}
