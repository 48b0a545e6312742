import { refuse, shown } from './error.js';
import { takeFlags, truth } from './flags.js';
import { heredocName } from './heredoc.js';
import type { Copy, CopySource } from './instructions.js';
import type { Line } from './lines.js';
import { execForm, plainWords } from './words.js';

const common = ['chown', 'chmod', 'link', 'exclude', 'parents'];

/** Reads `COPY [flags] SOURCE... TARGET`, and ADD. */
export function parseCopy(file: string, { line, keyword, rest, heredocs }: Line): Copy {
  const add = keyword === 'ADD';
  const own = add ? ['checksum', 'unpack', 'keep-git-dir'] : ['from'];
  const { values, rest: text } = takeFlags(file, line, rest, [...common, ...own], ['exclude']);
  const words = execForm(text) ?? plainWords(text);
  const target = words.at(-1);
  if (words.length < 2 || target === undefined) refuse(file, line, `${keyword} needs a source and a target`);
  if (heredocName(target) !== undefined)
    refuse(file, line, `${keyword} needs a target after ${shown(target)}`);
  const bodies = [...heredocs];
  const sources = words.slice(0, -1).map((word): CopySource => {
    if (word === '') refuse(file, line, `${keyword}: an empty source`);
    const inline = heredocName(word) === undefined ? undefined : bodies.shift();
    return inline === undefined ? { kind: 'path', path: word } : { kind: 'inline', ...inline };
  });
  if (sources.length > 1 && !/[/\\]$|^\.{1,2}$/.test(target)) {
    refuse(file, line, `${keyword} of several sources needs a target that ends in "/", not ${shown(target)}`);
  }
  const given = (name: 'from' | 'chown' | 'chmod' | 'checksum'): Partial<Copy> => {
    const value = values.get(name)?.[0];
    return value === undefined ? {} : { [name]: value };
  };
  const unpack = values.get('unpack')?.[0];
  // A layer of ours never depends on what lies below it, which is all that --link asks for.
  truth(file, line, 'link', values.get('link')?.[0]);
  if (truth(file, line, 'keep-git-dir', values.get('keep-git-dir')?.[0])) {
    refuse(file, line, 'ADD of a git repository is not supported: clone it in a RUN, or beside the build');
  }
  return {
    kind: 'copy',
    add,
    sources,
    target,
    ...given('from'),
    ...given('chown'),
    ...given('chmod'),
    ...given('checksum'),
    exclude: values.get('exclude') ?? [],
    parents: truth(file, line, 'parents', values.get('parents')?.[0]),
    ...(unpack !== undefined && { unpack: truth(file, line, 'unpack', unpack) }),
  };
}
