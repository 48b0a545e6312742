import { ImageError } from '../error.js';
import { normalised } from '../tree/resolve.js';

/** Tells whether a path of the context is left out. */
export interface Ignore {
  excludes(path: string): boolean;
  /** whether all below a directory that is left out is left out too, so that nobody need look there */
  excludesAllBelow(path: string): boolean;
}

interface Rule {
  readonly form: RegExp;
  readonly include: boolean;
}

const most = 10_000;

/**
 * Reads a `.dockerignore` (Docker's documentation of the build context): a pattern a line, from the root of the context,
 * `**` for any number of directories, `!` takes back what an earlier one left out, `#` begins a comment. A pattern that
 * matches a directory matches all in it. The last that matches decides.
 *
 * @throws ImageError invalid, with the line
 */
export function parseIgnore(text: string, file: string): Ignore {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  if (lines.length > most) throw new ImageError('invalid', `${file}: more than ${most} lines`);
  const rules: Rule[] = [];
  for (const [index, written] of lines.entries()) {
    if (written.startsWith('#')) continue;
    let pattern = written.trim();
    const include = pattern.startsWith('!');
    if (include) pattern = pattern.slice(1).trim();
    pattern = normalised(pattern);
    if (pattern === '') {
      if (include) throw new ImageError('invalid', `${file}:${index + 1}: "!" without a pattern`);
      continue;
    }
    rules.push({ form: patternForm(pattern, `${file}:${index + 1}`), include });
  }
  return ignoring(rules);
}

/** As a list of patterns: those of `--exclude`. @throws ImageError invalid */
export const ignorePatterns = (patterns: readonly string[], what: string): Ignore =>
  ignoring(
    patterns.map((pattern) => ({
      form: patternForm(normalised(pattern.replace(/^!/, '')), what),
      include: pattern.startsWith('!'),
    })),
  );

function ignoring(rules: readonly Rule[]): Ignore {
  const takesBack = rules.some(({ include }) => include);
  const excludes = (path: string): boolean => {
    // The last rule that matches the path, or any directory above it, decides.
    for (let index = rules.length - 1; index >= 0; index -= 1) {
      const rule = rules[index];
      if (rule !== undefined && prefixes(path).some((prefix) => rule.form.test(prefix))) return !rule.include;
    }
    return false;
  };
  return { excludes, excludesAllBelow: (path) => !takesBack && excludes(path) };
}

/** `a/b/c`: a, a/b, a/b/c. */
function prefixes(path: string): string[] {
  const parts = path.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/**
 * A pattern of Go's filepath.Match, with `**` for any number of directories, as a regular expression for a whole path.
 *
 * @throws ImageError invalid
 */
export function patternForm(pattern: string, what: string): RegExp {
  let source = '';
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern.charAt(at);
    if (character === '*' && pattern.charAt(at + 1) === '*') {
      while (pattern.charAt(at + 1) === '*') at += 1;
      if (pattern.charAt(at + 1) === '/') {
        at += 1;
        source += '(?:.*/)?';
      } else {
        source += '.*';
      }
    } else if (character === '*') {
      source += '[^/]*';
    } else if (character === '?') {
      source += '[^/]';
    } else if (character === '[') {
      const [range = ''] = /^\[\^?(?:\\.|[^\]\\])+\]/.exec(pattern.slice(at)) ?? [];
      if (range === '')
        throw new ImageError('invalid', `${what}: ${JSON.stringify(pattern)}: a [ without its ]`);
      source += `(?!/)${range.replace(/\[(?!\^|$)/g, (bracket, offset: number) => (offset === 0 ? bracket : '\\['))}`;
      at += range.length - 1;
    } else if (character === '\\') {
      at += 1;
      if (at >= pattern.length)
        throw new ImageError('invalid', `${what}: ${JSON.stringify(pattern)} ends in a \\`);
      source += literal(pattern.charAt(at));
    } else {
      source += literal(character);
    }
  }
  try {
    return new RegExp(`^${source}$`, 's');
  } catch (error) {
    throw new ImageError('invalid', `${what}: ${JSON.stringify(pattern)} is no pattern`, { cause: error });
  }
}

const literal = (character: string): string => character.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&');

/** Whether a word is a pattern, and not a path. */
export const isPattern = (word: string): boolean => /[*?[\\]/.test(word);
