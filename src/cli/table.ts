/** Rows under headings, in columns as wide as they must be; nothing is cut. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, ...rows.map((row) => row.map(printable))];
  const widths = headings.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return `${all.map(line).join('\n')}\n`;
}

/** Names and commands come from images and users: what would move the cursor is shown as a question mark. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');

/**
 * A document for programs, which people look at as well: what would move the cursor is escaped, which JSON itself asks for
 * below a blank only.
 */
export const jsonText = (document: object, indent?: number): string =>
  JSON.stringify(document, null, indent).replace(/[\x7f-\x9f\u2028\u2029]|\p{Cf}/gu, (character) =>
    [...Array(character.length).keys()]
      .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join(''),
  );

/** One document a line. */
export const jsonLines = (documents: readonly object[]): string =>
  documents.map((document) => `${jsonText(document)}\n`).join('');

/** How long something took or is ago, roughly: `5 seconds`, `3 hours`. */
export function span(milliseconds: number): string {
  const units = [
    [86_400_000, 'day'],
    [3_600_000, 'hour'],
    [60_000, 'minute'],
    [1000, 'second'],
  ] as const;
  const [length, name] = units.find(([each]) => milliseconds >= each) ?? [1000, 'second'];
  const count = Math.max(0, Math.floor(milliseconds / length));
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

/** Bytes, in units of 1000 as disks are sold: `12.3 MB`. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let [value, unit] = [bytes, 0];
  for (; value >= 1000 && unit < units.length - 1; unit += 1) value /= 1000;
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 2 : 1)} ${units[unit] ?? ''}`;
}
