/** One of the ways that a server offers to say who one is (RFC 9110, 11.6.1); the scheme is in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const quoted = /"((?:[^"\\]|\\.)*)"/y;
const token68 = /[A-Za-z0-9._~+/-]+=*(?=\s*(?:,|$))/y;
const space = /[ \t]*/y;
const longest = 8192;

/** Reads `WWW-Authenticate`, in which parameters come in any order, and challenges after one another. What cannot be read ends it. */
export function parseChallenges(header: string): readonly Challenge[] {
  const text = header.slice(0, longest);
  let at = 0;
  const take = (form: RegExp): RegExpExecArray | null => {
    form.lastIndex = at;
    const found = form.exec(text);
    if (found !== null) at = form.lastIndex;
    return found;
  };
  const challenges: Challenge[] = [];
  let current: Map<string, string> | undefined;
  while (at < text.length) {
    take(space);
    if (text[at] === ',') {
      at += 1;
      continue;
    }
    const name = take(token)?.[0];
    if (name === undefined) break;
    take(space);
    if (text[at] === '=' && current !== undefined) {
      at += 1;
      take(space);
      const value = take(quoted)?.[1]?.replace(/\\(.)/g, '$1') ?? take(token)?.[0];
      if (value === undefined) break;
      current.set(name.toLowerCase(), value);
      continue;
    }
    current = new Map();
    challenges.push({ scheme: name.toLowerCase(), parameters: current });
    // A scheme's single value, as of Negotiate, is nothing that we use.
    if (!/[\w-]+[ \t]*=[ \t]*["\w]/y.test(text.slice(at, at + 200))) take(token68);
  }
  return challenges;
}
