import { posix } from 'node:path';
import type { Field } from './field.js';

// MAXPATHLEN of sys/param.h counts the NUL.
const longest = 1023;

/** A path in the container: absolute and in plain form. One that is relative begins at the root. */
export function containerPath(field: Field): string {
  return plain(field, '/');
}

/** A path of the host: absolute and in plain form. One that is relative begins at the bundle. */
export function hostPath(field: Field, bundle: string): string {
  return plain(field, bundle);
}

function plain(field: Field, start: string): string {
  const path = posix.resolve(start, field.text());
  if (Buffer.byteLength(path) > longest) field.invalid(`a path of more than ${longest} bytes`);
  return path;
}
