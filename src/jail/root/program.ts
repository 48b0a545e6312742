import { isKernelError, type KernelError } from '../../kernel/error.js';
import { RuntimeError } from '../../runtime/error.js';
import type { Root } from './root.js';
import { visitAll } from './visit.js';
import type { Place } from './walk.js';

/** Where to look for a program. */
export interface ProgramSearch {
  /** args[0] of the process. */
  readonly program: string;
  /** The value of PATH; undefined if there is none. */
  readonly path: string | undefined;
  /** The working directory, as the container sees it. */
  readonly cwd: string;
}

// _PATH_STDPATH of paths.h
const standardPath = '/usr/bin:/bin:/usr/sbin:/sbin';

// A PATH can be as long as an environment; the usual one fits in one batch.
const atOnce = 16;

/**
 * Finds the program of a process inside a root, as execvp(3) does, for it to fail before a process is there. The words of
 * the errors are those that clients look for.
 *
 * @returns its path as the container sees it, for execve(2)
 * @throws RuntimeError
 */
export async function findProgram(root: Root, { program, path, cwd }: ProgramSearch): Promise<string> {
  const candidates = program.includes('/')
    ? [absolute(program, cwd)]
    : directoriesOf(path).map((directory) => absolute(`${directory}/${program}`, cwd));
  const refusals: string[] = [];
  for (let start = 0; start < candidates.length && program !== ''; start += atOnce) {
    const some = candidates.slice(start, start + atOnce);
    const checked = await visitAll(root, some, (places) => Promise.resolve(places.map(refusalOf)));
    const found = some[checked.indexOf('')];
    if (found !== undefined) return found;
    refusals.push(...checked);
  }
  const why = refusals.find((text) => text !== notThere) ?? missingText(program);
  throw new RuntimeError('failed', `exec: ${JSON.stringify(program)}: ${why}`);
}

/** An empty directory of PATH is the working directory. */
function directoriesOf(path = standardPath): string[] {
  return path.split(':').map((directory) => (directory === '' ? '.' : directory));
}

function absolute(path: string, cwd: string): string {
  return path.startsWith('/') ? path : `${cwd === '/' ? '' : cwd}/${path}`;
}

const notThere = 'no such file or directory';

function missingText(program: string): string {
  return program.includes('/') ? notThere : 'executable file not found in $PATH';
}

/** Why something cannot be executed; '' if it can. */
function refusalOf(place: Place | KernelError): string {
  if (isKernelError(place, 'ENOENT', 'ENOTDIR')) return notThere;
  if (isKernelError(place, 'ELOOP')) return 'too many levels of symbolic links';
  if (isKernelError(place)) return place.message;
  const { status } = place;
  if (status === undefined) return notThere;
  if (status.kind === 'directory') return 'permission denied: it is a directory';
  if (status.kind !== 'file') return `permission denied: it is a ${status.kind}`;
  return (status.mode & 0o111) === 0 ? 'permission denied' : '';
}
