import { refuse, shown } from './error.js';
import { heredocNames, type HeredocName } from './heredoc.js';

/** What stands between `<<NAME` and `NAME`. */
export interface Heredoc extends HeredocName {
  readonly content: string;
}

/** One instruction: its first word, and all that follows, with continued lines joined and comments left out. */
export interface Line {
  /** where it begins, from 1 */
  readonly line: number;
  readonly keyword: string;
  readonly rest: string;
  readonly heredocs: readonly Heredoc[];
}

/** A Containerfile, before its instructions are looked at. */
export interface Lines {
  /** the character that continues a line, and quotes the next one: `\` or a backtick */
  readonly escape: string;
  readonly lines: readonly Line[];
}

/** Bytes; a longer file is no Containerfile. */
const maximum = 1024 * 1024;

/** The instructions that may have heredocs. */
const withHeredocs = new Set(['RUN', 'COPY', 'ADD']);

/**
 * Cuts a Containerfile into instructions (Docker's Dockerfile reference: "Format", "Parser directives", "escape",
 * "Here-Documents").
 *
 * @throws ImageError invalid with the line's number
 */
export function splitLines(file: string, text: string): Lines {
  if (text.length > maximum) refuse(file, 1, `more than ${maximum} characters`);
  if (text.includes('\0')) refuse(file, lineOf(text, text.indexOf('\0')), 'a NUL');
  const source = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const escape = readEscape(file, source);
  const lines: Line[] = [];
  let next = 0;
  while (next < source.length) {
    const begin = next;
    if (isBlank(source[begin]) || isComment(source[begin])) {
      next += 1;
      continue;
    }
    const joined = join(source, begin, escape);
    const [, keyword = '', rest = ''] = /^\s*(\S+)\s*([^]*?)\s*$/.exec(joined.text) ?? [];
    const taken = takeHeredocs(file, source, joined.next, begin, keyword.toUpperCase(), rest);
    lines.push({ line: begin + 1, keyword: keyword.toUpperCase(), rest, heredocs: taken.heredocs });
    next = taken.next;
  }
  return { escape, lines };
}

const isBlank = (line: string | undefined): boolean => line !== undefined && /^\s*$/.test(line);
const isComment = (line: string | undefined): boolean => line !== undefined && /^\s*#/.test(line);
const lineOf = (text: string, offset: number): number => text.slice(0, offset).split('\n').length;

/** Directives are comments before anything else: `# escape=` is the one that changes how the rest is read. */
function readEscape(file: string, source: readonly string[]): string {
  let escape: string | undefined;
  for (const [index, line] of source.entries()) {
    const found = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/.exec(line);
    if (found?.[1] === undefined) break;
    if (found[1].toLowerCase() !== 'escape') continue;
    if (escape !== undefined) refuse(file, index + 1, 'a second escape directive');
    if (found[2] !== '\\' && found[2] !== '`') {
      refuse(file, index + 1, `escape is \\ or \`, not ${shown(found[2] ?? '')}`);
    }
    escape = found[2];
  }
  return escape ?? '\\';
}

/** Joins a line with those that continue it; comments and empty lines between them are left out. */
function join(source: readonly string[], begin: number, escape: string): { text: string; next: number } {
  const continued = escape === '\\' ? /\\[ \t]*$/ : /`[ \t]*$/;
  let text = '';
  let next = begin;
  for (;;) {
    const line = source[next] ?? '';
    next += 1;
    if (next - 1 > begin && (isComment(line) || isBlank(line))) {
      if (next < source.length) continue;
      break;
    }
    if (!continued.test(line)) {
      text += line;
      break;
    }
    text += line.replace(continued, '');
    if (next >= source.length) break;
  }
  return { text, next };
}

function takeHeredocs(
  file: string,
  source: readonly string[],
  from: number,
  begin: number,
  keyword: string,
  rest: string,
): { heredocs: Heredoc[]; next: number } {
  const onBuild = /^(RUN|COPY|ADD)\b/i.test(rest) && keyword === 'ONBUILD';
  const names = withHeredocs.has(keyword) || onBuild ? heredocNames(rest) : [];
  const heredocs: Heredoc[] = [];
  let next = from;
  for (const name of names) {
    const body: string[] = [];
    for (;;) {
      const line = source[next];
      if (line === undefined)
        refuse(file, begin + 1, `<<${name.name} has no end: a line ${shown(name.name)}`);
      next += 1;
      const cut = name.tabs ? line.replace(/^\t+/, '') : line;
      if (cut === name.name) break;
      body.push(cut);
    }
    heredocs.push({ ...name, content: body.map((line) => `${line}\n`).join('') });
  }
  return { heredocs, next };
}
