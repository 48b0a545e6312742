import { refuse, shown } from './error.js';
import type { RunMount } from './instructions.js';

const types = ['bind', 'cache', 'tmpfs', 'secret'] as const;

/** Other words for the same option. */
const aliases: Readonly<Record<string, string>> = {
  src: 'source',
  dst: 'target',
  destination: 'target',
  ro: 'readonly',
};
const known = [
  'type',
  'target',
  'source',
  'from',
  'id',
  'readonly',
  'rw',
  'readwrite',
  'required',
  'sharing',
  'size',
  'mode',
  'uid',
  'gid',
  'env',
];

/** Reads `type=cache,target=/x,...` of `RUN --mount`. @throws ImageError invalid */
export function parseMount(file: string, line: number, text: string): RunMount {
  const options = new Map<string, string>();
  for (const part of text.split(',')) {
    const [word = '', ...rest] = part.split('=');
    const name = aliases[word] ?? word;
    if (!known.includes(name)) refuse(file, line, `--mount: unknown option ${shown(word)}`);
    if (options.has(name)) refuse(file, line, `--mount: ${name} is given twice`);
    options.set(name, rest.length === 0 ? 'true' : rest.join('='));
  }
  const type = types.find((each) => each === (options.get('type') ?? 'bind'));
  if (type === undefined) {
    refuse(file, line, `--mount: type is ${types.join(', ')}, not ${shown(options.get('type') ?? '')}`);
  }
  const target = options.get('target');
  if (target === undefined && type !== 'secret') refuse(file, line, `--mount=type=${type} needs a target`);
  if (type === 'secret' && options.get('id') === undefined && target === undefined) {
    refuse(file, line, '--mount=type=secret needs an id or a target');
  }
  const pick = (
    name: 'source' | 'from' | 'id' | 'size' | 'mode' | 'uid' | 'gid' | 'env',
  ): Partial<RunMount> => {
    const value = options.get(name);
    return value === undefined ? {} : { [name]: value };
  };
  const writable =
    [options.get('rw'), options.get('readwrite')].includes('true') || options.get('readonly') === 'false';
  return {
    type,
    ...(target !== undefined && { target }),
    ...pick('source'),
    ...pick('from'),
    ...pick('id'),
    ...pick('size'),
    ...pick('mode'),
    ...pick('uid'),
    ...pick('gid'),
    ...pick('env'),
    readonly: type === 'bind' ? !writable : options.get('readonly') === 'true',
    required: options.get('required') === 'true',
  };
}
