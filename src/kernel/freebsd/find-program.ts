import type { KernelError } from '../error.js';
import { isKernelError } from '../error.js';
import type { BatchBuilder, Step } from './batch-builder.js';
import { checkInteger } from './check.js';
import { statusAt, type Directory } from './file.js';

// A PATH with more folders than this is a mistake, or an attack on the batch's size.
const maxCandidates = 256;

/** Where a program is, or why none can be run. */
export type FoundProgram =
  | { readonly path: string }
  /** What is there cannot be executed by the caller, or is no regular file. */
  | { readonly path: undefined; readonly reason: 'denied'; readonly candidate: string }
  | { readonly path: undefined; readonly reason: 'missing' };

/**
 * Finds the first of these paths that the caller could run: a regular file with the permission to execute it. Nothing is
 * opened. What the file holds, and whether its file system allows programs, only execve(2) tells.
 *
 * @param candidates absolute, as the caller sees them: execvp(3) would try them in this order
 */
export function findProgram(b: BatchBuilder, candidates: readonly string[]): Step<FoundProgram> {
  checkInteger('candidates', candidates.length, 1, maxCandidates);
  const { AT_FDCWD, AT_EACCESS, X_OK } = b.bindings.constants;
  const tries = candidates.map((candidate) => ({
    candidate,
    status: b.attempt(() => statusAt(b, candidate)),
    access: b.attempt(() => access(b, AT_FDCWD, candidate, X_OK, AT_EACCESS)),
  }));
  const [{ status }] = tries as [(typeof tries)[0]];
  return {
    value: status.value,
    decode: (outcome) => {
      let denied: string | undefined;
      for (const each of tries) {
        const found = each.status.decode(outcome);
        if (isKernelError(found)) {
          if (isDenied(found)) denied ??= each.candidate;
          else if (!isMissing(found)) throw found;
          continue;
        }
        const failed = each.access.decode(outcome);
        if (isKernelError(failed) && !isDenied(failed)) throw failed;
        if (found.kind === 'file' && !isKernelError(failed)) return { path: each.candidate };
        denied ??= each.candidate;
      }
      return denied === undefined
        ? { path: undefined, reason: 'missing' }
        : { path: undefined, reason: 'denied', candidate: denied };
    },
  };
}

/** Whether there is nothing there, as against something that the caller may not look at. */
function isMissing({ code }: KernelError): boolean {
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG' || code === 'ELOOP';
}

function isDenied({ code }: KernelError): boolean {
  return code === 'EACCES' || code === 'EPERM';
}

function access(
  b: BatchBuilder,
  directory: Directory,
  path: string,
  mode: number,
  flags: number,
): Step<void> {
  const at = { arena: b.arena.text(path, 'path', b.bindings.constants.MAXPATHLEN) };
  const value = b.call('faccessat', [directory, at, mode, flags], { object: path });
  return { value, decode: () => undefined };
}
