import type { JsonObject } from '../../runtime/spec.js';
import { Field, shown, shownKey } from './field.js';

/** Where ocijail, and podman, buildah and CRI-O with it, have their settings of jails. */
export const ocijailPrefix = 'org.freebsd.';

/** Where this shim has its own. */
export const ownPrefix = 'containerd-shim-jail.';

/** An annotation, as a field to be read. An empty one counts as absent. */
export function annotation(annotations: Readonly<Record<string, string>>, name: string): Field {
  const value = Object.hasOwn(annotations, name) ? annotations[name] : undefined;
  return new Field(`annotation ${shownKey(name)}`, value === '' ? undefined : value);
}

/** The annotations whose names begin with a prefix, by the rest of their names. */
export function annotationsBelow(
  annotations: Readonly<Record<string, string>>,
  prefix: string,
): [rest: string, field: Field][] {
  return Object.keys(annotations)
    .filter((name) => name.startsWith(prefix))
    .map((name) => [name.slice(prefix.length), annotation(annotations, name)]);
}

/** A switch as ocijail reads it, and its opposite. */
export function switchText(field: Field): boolean {
  const value = field.oneOf('true', '1', 'false', '0');
  return value === 'true' || value === '1';
}

/** A list with commas, as "a, b"; empty elements are dropped. */
export function listText(field: Field): string[] {
  return field
    .text()
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

/** An integer in decimal digits, within bounds. */
export function integerText(field: Field, least: number, most: number): number {
  const text = field.text();
  if (!/^-?\d{1,15}$/.test(text)) field.invalid(`${shown(text)} is not a number`);
  return new Field(field.name, Number(text)).integer(least, most);
}

/** A spec's document as a field without a name, so that its members have theirs. */
export function documentField(document: JsonObject): Field {
  return new Field('', document);
}
