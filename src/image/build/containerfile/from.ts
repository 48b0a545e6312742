import { refuse, shown } from './error.js';
import { takeFlags } from './flags.js';
import type { From } from './instructions.js';
import type { Line } from './lines.js';
import { plainWords } from './words.js';

/** Reads `FROM [--platform=P] IMAGE [AS NAME]`. */
export function parseFrom(file: string, { line, rest }: Line): From {
  const flags = takeFlags(file, line, rest, ['platform']);
  const words = plainWords(flags.rest);
  const [image, as, name] = words;
  if (image === undefined) refuse(file, line, 'FROM needs an image, a stage or scratch');
  if (words.length !== 1 && (words.length !== 3 || as?.toUpperCase() !== 'AS')) {
    refuse(file, line, `FROM is "FROM IMAGE" or "FROM IMAGE AS NAME", not ${shown(`FROM ${rest}`)}`);
  }
  const lower = name?.toLowerCase();
  if (lower !== undefined && !/^[a-z][a-z0-9._-]*$/.test(lower)) {
    refuse(
      file,
      line,
      `${shown(name ?? '')} is no name of a stage: a letter, then letters, digits, "_", "-", "."`,
    );
  }
  if (lower === 'scratch' || lower === 'context')
    refuse(file, line, `a stage cannot be called ${shown(lower)}`);
  const platform = flags.values.get('platform')?.[0];
  return {
    kind: 'from',
    image,
    ...(platform !== undefined && { platform }),
    ...(lower !== undefined && { name: lower }),
  };
}
