import { ImageError } from '../../error.js';
import { stripPrefix, stripSuffix, replacePattern } from './pattern.js';

/** Looks up a variable; undefined when it is not set. */
export type Variables = (name: string) => string | undefined;

/**
 * Replaces variables in a word, and takes its quotes and escapes out: `$A`, `${A}`, and of the shell's forms `:-` `-` `:+`
 * `+` `:?` `?` `#` `##` `%` `%%` `/` `//` (Docker's Dockerfile reference, "Environment replacement"). What is not set
 * becomes nothing.
 *
 * @throws ImageError invalid, saying what is wrong with the word
 */
export function expand(word: string, escape: string, variables: Variables): string {
  return new Expansion(word, escape, variables).all();
}

/** As `expand`, for text whose quotes are its own, as a heredoc's. */
export function expandText(text: string, escape: string, variables: Variables): string {
  return new Expansion(text, escape, variables, true).all();
}

/** `${A:-${B:-${…}}}` deeper than this is refused. */
const deepest = 20;

class Expansion {
  private at = 0;
  private depth = 0;

  constructor(
    private readonly text: string,
    private readonly escape: string,
    private readonly variables: Variables,
    private readonly keepQuotes = false,
  ) {}

  all(): string {
    return this.until('');
  }

  /** Up to an unquoted `end`, which is taken too; or to the end of the text, when `end` is empty. */
  private until(end: string): string {
    let result = '';
    while (this.at < this.text.length) {
      const character = this.text.charAt(this.at);
      if (end !== '' && character === end) {
        this.at += 1;
        return result;
      }
      if (character === "'" && !this.keepQuotes) result += this.single();
      else if (character === '"' && !this.keepQuotes) result += this.double();
      else if (character === this.escape) result += this.escaped();
      else if (character === '$') result += this.variable();
      else {
        result += character;
        this.at += 1;
      }
    }
    if (end !== '') throw invalid(`a ${end} is missing`);
    return result;
  }

  private single(): string {
    const end = this.text.indexOf("'", this.at + 1);
    if (end === -1) throw invalid('a single quote without its other');
    const content = this.text.slice(this.at + 1, end);
    this.at = end + 1;
    return content;
  }

  private double(): string {
    this.at += 1;
    let result = '';
    for (;;) {
      const character = this.text.charAt(this.at);
      if (character === '') throw invalid('a double quote without its other');
      if (character === '"') {
        this.at += 1;
        return result;
      }
      const next = this.text.charAt(this.at + 1);
      if (character === '$') {
        result += this.variable();
      } else if (character === this.escape && ['"', '$', this.escape].includes(next)) {
        result += next;
        this.at += 2;
      } else {
        result += character;
        this.at += 1;
      }
    }
  }

  private escaped(): string {
    const next = this.text.charAt(this.at + 1);
    this.at += 2;
    if (this.keepQuotes && next !== '$' && next !== this.escape) return this.escape + next;
    return next;
  }

  private variable(): string {
    this.at += 1;
    if (this.text.charAt(this.at) === '{') {
      this.at += 1;
      return this.braces();
    }
    const name = this.name();
    return name === '' ? '$' : (this.variables(name) ?? '');
  }

  private name(): string {
    const [name = ''] = /^(?:[A-Za-z_][A-Za-z0-9_]*|[0-9])/.exec(this.text.slice(this.at)) ?? [];
    this.at += name.length;
    return name;
  }

  /** After `${`. */
  private braces(): string {
    const name = this.name();
    if (name === '') throw invalid('${ without a name');
    const [operator = ''] = /^(?::[-+?]|##|%%|\/\/|[-+?#%/}])/.exec(this.text.slice(this.at)) ?? [];
    if (operator === '') throw invalid(`\${${name} is not closed, or has an operator that is not known`);
    this.at += operator.length;
    const value = this.variables(name);
    if (operator === '}') return value ?? '';
    this.depth += 1;
    if (this.depth > deepest) throw invalid(`more than ${deepest} levels of \${`);
    const argument = operator.startsWith('/') ? this.until('/') : this.until('}');
    const result = operator.startsWith('/')
      ? replacePattern(value ?? '', argument, this.until('}'), operator === '//')
      : this.apply(name, operator, value, argument);
    this.depth -= 1;
    return result;
  }

  private apply(name: string, operator: string, value: string | undefined, argument: string): string {
    const there = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined;
    switch (operator) {
      case ':-':
      case '-':
        return there ? (value ?? '') : argument;
      case ':+':
      case '+':
        return there ? argument : '';
      case ':?':
      case '?':
        if (there) return value ?? '';
        throw invalid(`${name}: ${argument === '' ? 'not set' : argument}`);
      case '#':
      case '##':
        return stripPrefix(value ?? '', argument, operator === '##');
      default:
        return stripSuffix(value ?? '', argument, operator === '%%');
    }
  }
}

const invalid = (why: string): ImageError => new ImageError('invalid', why);
