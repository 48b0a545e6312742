import { closeSync, constants, fstatSync, openSync, readlinkSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { RuntimeError } from '../runtime/error.js';

/** As many symbolic links as the kernel follows in one path: path_resolution(7). */
const linksFollowed = 40;

/** asm-generic/fcntl.h: names a file without opening it. */
const O_PATH = 0o10000000;

/** A place to mount on, held by a descriptor: it stays the same whatever becomes of its path. */
export interface MountTarget {
  /** the descriptor's name, which mount(2) follows to the place */
  readonly file: string;
  /** where it is now */
  path(): string;
  close(): void;
}

/**
 * Opens the place of a mount below a root, seen as a process does whose root it is: neither `..` nor a symbolic link of the
 * image leads out of it, also when the tree is changed meanwhile, as each step begins at a descriptor and follows nothing.
 *
 * @throws RuntimeError invalid for links that go round in circles, failed for what is not there
 */
export function openInside(root: string, target: string): MountTarget {
  const steps = [openSync(root, O_PATH)];
  try {
    walk(steps, target);
  } catch (error) {
    for (const fd of steps) closeSync(fd);
    throw error;
  }
  const fd = last(steps);
  for (const other of steps.slice(0, -1)) closeSync(other);
  const file = `/proc/self/fd/${fd}`;
  return {
    file,
    path: () => readlinkSync(file),
    close: () => {
      closeSync(fd);
    },
  };
}

/** Goes from the first descriptor, the root, to the target; the directories on the way stay open for `..`. */
function walk(steps: number[], target: string): void {
  const parts = target.split('/');
  let links = 0;
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      up(steps, Math.max(1, steps.length - 1));
      continue;
    }
    const name = `/proc/self/fd/${last(steps)}/${part}`;
    const fd = openStep(name, part, target);
    if (!fstatSync(fd).isSymbolicLink()) {
      steps.push(fd);
      continue;
    }
    closeSync(fd);
    links += 1;
    if (links > linksFollowed) {
      throw new RuntimeError('invalid', `rootfs mount target ${target}: too many symbolic links`);
    }
    const link = readlinkSync(name);
    if (isAbsolute(link)) up(steps, 1);
    parts.unshift(...link.split('/'));
  }
}

function openStep(name: string, part: string, target: string): number {
  try {
    return openSync(name, O_PATH | constants.O_NOFOLLOW);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new RuntimeError('failed', `rootfs mount target ${target}: ${part}: ${code}`, { cause: error });
  }
}

function up(steps: number[], depth: number): void {
  for (const fd of steps.splice(depth)) closeSync(fd);
}

function last(steps: readonly number[]): number {
  const fd = steps.at(-1);
  if (fd === undefined) throw new Error('a walk without a root');
  return fd;
}
