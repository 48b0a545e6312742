/** A shell's pattern as the source of a regular expression: `*`, `?` and `\`. */
function source(pattern: string, lazy: boolean): string {
  return pattern.replace(
    /\\([^])|([*?])|([^\w\s])/g,
    (_, quoted: string | undefined, wild: string | undefined, other: string | undefined) => {
      if (wild === '*') return lazy ? '[^]*?' : '[^]*';
      if (wild === '?') return '[^]';
      return `\\u{${(quoted ?? other ?? '').codePointAt(0)?.toString(16) ?? ''}}`;
    },
  );
}

/** `${value#pattern}`, or `##`: without the shortest, or the longest, beginning that matches. */
export function stripPrefix(value: string, pattern: string, longest: boolean): string {
  return value.replace(new RegExp(`^(?:${source(pattern, !longest)})`, 'u'), '');
}

/** `${value%pattern}`, or `%%`: without the shortest, or the longest, end that matches. */
export function stripSuffix(value: string, pattern: string, longest: boolean): string {
  const whole = new RegExp(`^(?:${source(pattern, false)})$`, 'u');
  const lengths = Array.from({ length: value.length + 1 }, (_, length) => length);
  const length = (longest ? lengths.reverse() : lengths).find((each) =>
    whole.test(value.slice(value.length - each)),
  );
  return length === undefined ? value : value.slice(0, value.length - length);
}

/** `${value/pattern/replacement}`, or `//` for all. */
export function replacePattern(value: string, pattern: string, replacement: string, all: boolean): string {
  if (pattern === '') return value;
  return value.replace(new RegExp(source(pattern, false), all ? 'gu' : 'u'), () => replacement);
}
