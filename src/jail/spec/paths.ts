import { posix } from 'node:path';
import type { Field } from './field.js';

// MAXPATHLEN of sys/param.h counts the NUL.
const longest = 1023;

// NAME_MAX of sys/syslimits.h
const longestName = 255;

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
  if (path.split('/').some((name) => Buffer.byteLength(name) > longestName)) {
    field.invalid(`a name of more than ${longestName} bytes`);
  }
  return path;
}
