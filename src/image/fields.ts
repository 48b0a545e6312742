import { ImageError } from './error.js';

export type JsonObject = Readonly<Record<string, unknown>>;

/** Documents of images come from strangers: each function takes what was found and the words for where, and checks. */
export function parseJson(text: string, where: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/\s+/g, ' ').slice(0, 120) : '';
    throw new ImageError('invalid', `${where} is no JSON: ${why}`, { cause: error });
  }
  return object(value, where);
}

export function object(value: unknown, where: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new ImageError('invalid', `${where} is no object`);
}

/** Text without NUL, which no name, path or variable may hold. */
export function text(value: unknown, where: string): string {
  if (typeof value !== 'string') throw new ImageError('invalid', `${where} is no text`);
  if (value.includes('\0')) throw new ImageError('invalid', `${where} holds a NUL`);
  return value;
}

export function count(value: unknown, where: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new ImageError('invalid', `${where} is no whole number of at least 0`);
}

export function array<T>(
  value: unknown,
  where: string,
  item: (value: unknown, where: string) => T,
): readonly T[] {
  if (!Array.isArray(value)) throw new ImageError('invalid', `${where} is no list`);
  return value.map((each, index) => item(each, `${where}[${index}]`));
}

export function map<T>(
  value: unknown,
  where: string,
  item: (value: unknown, where: string) => T,
): ReadonlyMap<string, T> {
  return new Map(
    Object.entries(object(value, where)).map(([key, each]) => [key, item(each, `${where}.${key}`)]),
  );
}

/** What may be left out; null counts as left out, as Go's programs write it. */
export function optional<T>(
  value: unknown,
  where: string,
  check: (value: unknown, where: string) => T,
): T | undefined {
  return value === undefined || value === null ? undefined : check(value, where);
}
