// Each device is held against the same few patterns, time and again.
const compiled = new Map<string, RegExp>();

/** fnmatch(3) with FNM_PATHNAME: "*", "?" and "[...]" match anything but a slash. */
export function matchesPattern(pattern: string, text: string): boolean {
  let expression = compiled.get(pattern);
  if (expression === undefined) {
    if (compiled.size >= 1000) compiled.clear();
    expression = compile(pattern);
    compiled.set(pattern, expression);
  }
  return expression.test(text);
}

function compile(pattern: string): RegExp {
  const source = pattern.replace(/\\(.)|\[(!?)((?:[^\]/])+)\]|[*?]|[\s\S]/g, (part: string, ...groups) => {
    const [escaped, negated, set] = groups as [string | undefined, string | undefined, string | undefined];
    if (escaped !== undefined) return quote(escaped);
    if (set !== undefined) return `[${negated === '!' ? '^' : ''}${set.replace(/[\\^]/g, '\\$&')}]`;
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    return quote(part);
  });
  return new RegExp(`^${source}$`);
}

function quote(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
