/** fnmatch(3) with FNM_PATHNAME: "*", "?" and "[...]" match anything but a slash. */
export function matchesPattern(pattern: string, text: string): boolean {
  const source = pattern.replace(/\\(.)|\[(!?)((?:[^\]/])+)\]|[*?]|[\s\S]/g, (part: string, ...groups) => {
    const [escaped, negated, set] = groups as [string | undefined, string | undefined, string | undefined];
    if (escaped !== undefined) return quote(escaped);
    if (set !== undefined) return `[${negated === '!' ? '^' : ''}${set.replace(/[\\^]/g, '\\$&')}]`;
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    return quote(part);
  });
  return new RegExp(`^${source}$`).test(text);
}

function quote(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
