import { invalid, quote } from './quote.js';
import { parseDestination } from './uri.js';

/** The path of the FIFO that a request's stdin names; undefined when there is no input. */
export function inputPath(value: string): string | undefined {
  const origin = parseDestination(value);
  if (origin.kind === 'null') return undefined;
  if (origin.kind !== 'path') throw invalid(`${quote(value)} is not the path of a FIFO`);
  return origin.path;
}
