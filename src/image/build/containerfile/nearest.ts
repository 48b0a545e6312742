/** The word that was probably meant: of those that differ by at most two characters, the nearest. */
export function nearest(written: string, words: readonly string[]): string | undefined {
  const distances = words.map((word) => [distance(word, written), word] as const);
  const [best] = distances.filter(([far]) => far <= 2).sort(([a], [b]) => a - b);
  return best?.[1];
}

/** How many characters must be put in, taken out or exchanged to make one word of the other. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [at, left] of Array.from(a).entries()) {
    const next = [at + 1];
    for (const [to, right] of Array.from(b).entries()) {
      const changed = (row[to] ?? 0) + (left === right ? 0 : 1);
      next.push(Math.min(changed, (row[to + 1] ?? 0) + 1, (next[to] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
