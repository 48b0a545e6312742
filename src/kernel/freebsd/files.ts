import { isKernelError } from '../error.js';
import type { FileCalls } from '../files.js';
import {
  fileFlags,
  linkFile,
  makeDeviceNode,
  makeFifoNode,
  readAttribute,
  readAttributeNames,
  removeAttribute,
  setAttribute,
  setFileFlags,
  setFileTime,
  type AttributeNamespace,
} from './file-metadata.js';
import { flagNames, flagsOfNames } from './flag-names.js';
import { runNow, type LocalFreeBSD } from './run.js';

/** What is tried first for an attribute's value or a list of names, in bytes; a longer one is asked for again. */
const usualCapacity = 4096;

/** The calls on files of FreeBSD. */
export function freebsdFiles(system: LocalFreeBSD): FileCalls {
  const { constants } = system.bindings;
  return {
    makeDevice: (path, type, major, minor) => {
      runNow(system, (b) => makeDeviceNode(b, path, type, major, minor));
    },
    deviceOf: (number) => ({
      major: Number(((number >> 32n) & 0xffffff00n) | ((number >> 8n) & 0xffn)),
      minor: Number(((number >> 24n) & 0xff00n) | (number & 0xffff00ffn)),
    }),
    makeFifo: (path) => {
      runNow(system, (b) => makeFifoNode(b, path));
    },
    link: (from, to) => {
      runNow(system, (b) => linkFile(b, from, to));
    },
    setTime: (path, { seconds, nanoseconds }) => {
      runNow(system, (b) => setFileTime(b, path, seconds, nanoseconds));
    },
    attributes: (path) =>
      new Map([...attributesIn(system, path, 'user'), ...attributesIn(system, path, 'system')]),
    setAttribute: (path, full, value) => {
      const [namespace, name] = splitName(full);
      if (namespace === undefined) return false;
      const failed = runNow(system, (b) => b.attempt(() => setAttribute(b, path, namespace, name, value)));
      if (isKernelError(failed, 'EOPNOTSUPP')) return false;
      if (isKernelError(failed)) throw failed;
      return true;
    },
    removeAttribute: (path, full) => {
      const [namespace, name] = splitName(full);
      if (namespace !== undefined) runNow(system, (b) => removeAttribute(b, path, namespace, name));
    },
    flags: (path) =>
      flagNames(
        constants,
        runNow(system, (b) => fileFlags(b, path)),
      ),
    setFlags: (path, names) => {
      runNow(system, (b) => setFileFlags(b, path, flagsOfNames(constants, names)));
    },
  };
}

/** What Linux calls `user.x` is `x` in a namespace here; there is none for what only Linux knows, as capabilities. */
function splitName(full: string): [namespace: AttributeNamespace, name: string] | [undefined, string] {
  const dot = full.indexOf('.');
  const [namespace, name] = [full.slice(0, dot), full.slice(dot + 1)];
  return (namespace === 'user' || namespace === 'system') && name !== ''
    ? [namespace, name]
    : [undefined, full];
}

/** Access control lists are kept as attributes, but set by calls of their own. */
const isList = /^system\.(?:posix1e|nfs4)\./;

function* attributesIn(
  system: LocalFreeBSD,
  path: Buffer,
  namespace: AttributeNamespace,
): Generator<[string, Buffer]> {
  const list = whole((capacity) =>
    runNow(system, (b) => b.attempt(() => readAttributeNames(b, path, namespace, capacity))),
  );
  // A jail may not see those of the system.
  if (isKernelError(list, 'EOPNOTSUPP') || (namespace === 'system' && isKernelError(list, 'EPERM'))) return;
  if (isKernelError(list)) throw list;
  for (const name of namesOf(list)) {
    const full = `${namespace}.${name}`;
    if (isList.test(full)) continue;
    const value = whole((capacity) =>
      runNow(system, (b) => b.attempt(() => readAttribute(b, path, namespace, name, capacity))),
    );
    if (isKernelError(value, 'ENOATTR')) continue;
    if (isKernelError(value)) throw value;
    yield [full, Buffer.from(value)];
  }
}

/** These calls cut what does not fit, and do not say so. */
function whole<E>(read: (capacity: number) => Uint8Array | E): Uint8Array | E {
  for (let capacity = usualCapacity; ; capacity *= 16) {
    const result = read(capacity);
    if (!(result instanceof Uint8Array) || result.byteLength < capacity || capacity > 1024 * 1024)
      return result;
  }
}

function namesOf(list: Uint8Array): string[] {
  const names: string[] = [];
  for (let at = 0; at < list.byteLength;) {
    const length = list[at] ?? 0;
    names.push(Buffer.from(list.subarray(at + 1, at + 1 + length)).toString('latin1'));
    at += 1 + length;
  }
  return names;
}
