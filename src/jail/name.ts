import { createHash } from 'node:crypto';
import { RuntimeError } from '../runtime/error.js';
import { keyString, type ContainerKey } from '../runtime/key.js';

/**
 * The most characters that a container's jail takes for its own name, so that a child jail's full name (its parent's,
 * a dot, its own) stays within the kernel's 255.
 */
export const longestOwnName = 127;

const longestFullName = 255;
const separator = '@';

/**
 * The name of a container's jail, without its parents': `namespace@id`, where a dot, which means a child jail to the
 * kernel, is written as `+`. Keys hold neither `@` nor `+` (`checkIdentifier`), so that no two keys get the same name,
 * and no name reads as a number, which the kernel would take for a jid. Nor do names hold what separates the parts
 * and rules of rctl(8): colons and commas.
 *
 * A name that would be too long is `@`, the SHA-256 of the key, `@` and the end of the id.
 */
export function jailName(key: ContainerKey): string {
  const name = `${escape(key.namespace)}${separator}${escape(key.id)}`;
  if (name.length <= longestOwnName) return name;
  const digest = createHash('sha256').update(keyString(key)).digest('hex');
  const start = `${separator}${digest}${separator}`;
  return start + escape(key.id).slice(start.length - longestOwnName);
}

/** What the name of a jail says of whose it is. */
export type JailOwner = { readonly key: ContainerKey } | { readonly digest: string };

const short = /^([A-Za-z0-9][A-Za-z0-9+_-]*)@([A-Za-z0-9][A-Za-z0-9+_-]*)$/;
const long = /^@([0-9a-f]{64})@[A-Za-z0-9+_-]*$/;

/**
 * Whose jail a name is the name of, with or without its parents': the key, or the digest of a long one (see
 * `isJailOf`). Undefined for names that `jailName` does not make.
 */
export function parseJailName(fullName: string): JailOwner | undefined {
  const own = fullName.slice(fullName.lastIndexOf('.') + 1);
  if (own.length > longestOwnName) return undefined;
  const [, namespace, id] = short.exec(own) ?? [];
  if (namespace !== undefined && id !== undefined) {
    return { key: { namespace: unescape(namespace), id: unescape(id) } };
  }
  const digest = long.exec(own)?.[1];
  return digest === undefined ? undefined : { digest };
}

/** Whether a jail of this name, with or without its parents', is the one of a container. */
export function isJailOf(key: ContainerKey, fullName: string): boolean {
  return fullName.slice(fullName.lastIndexOf('.') + 1) === jailName(key);
}

/** The full name of a jail below another one. @throws RuntimeError invalid, if it is too long */
export function childName(parent: string | undefined, name: string): string {
  const full = parent === undefined ? name : `${parent}.${name}`;
  if (Buffer.byteLength(full) > longestFullName) {
    throw new RuntimeError('invalid', `jail ${full}: the name has more than ${longestFullName} characters`);
  }
  return full;
}

function escape(identifier: string): string {
  return identifier.replaceAll('.', '+');
}

function unescape(part: string): string {
  return part.replaceAll('+', '.');
}
