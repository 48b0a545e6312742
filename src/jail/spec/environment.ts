import { shown, type Field } from './field.js';

/**
 * `NAME=value` each. Of two with the same name the last one holds, as clients append what is to replace an image's; an
 * entry without "=" is an error, as getenv(3) would never find it.
 */
export function readEnvironment(env: Field): string[] {
  const byName = new Map<string, string>();
  for (const field of env.elements()) {
    const entry = field.anyText();
    const equals = entry.indexOf('=');
    if (equals <= 0) field.invalid(`${shown(entry)} is not NAME=value`);
    const name = entry.slice(0, equals);
    byName.delete(name);
    byName.set(name, entry);
  }
  return [...byName.values()];
}
