import type { ChildKernel } from '../child.js';
import type { Bindings } from '../bindings/types.js';
import { BatchBuilder, type Step } from './batch-builder.js';
import { checkInteger, checkPlainPath } from './check.js';
import { becomeUser, checkIdentity, setLogin, setUmask, startSession, type Identity } from './credentials.js';
import { execute, type Program } from './execute.js';
import { findProgram, type FoundProgram } from './find-program.js';
import { attachJail } from './jail.js';
import { checkLimit, setLimit, type Limit } from './limit.js';
import { canForbidNewPrivileges, forbidNewPrivileges } from './process-control.js';
import { run } from './run.js';

/** What a process is to be, before it becomes its program. */
export interface Launch {
  readonly jid: number;
  readonly identity: Identity;
  /** The login name of its session; the one of whoever made it if it is not given. */
  readonly login?: string | undefined;
  /** As the jail sees it, in plain form. */
  readonly workingDirectory: string;
  /** Make the working directory, for root, if it is not there. */
  readonly makeWorkingDirectory: boolean;
  readonly umask: number;
  readonly limits: readonly Limit[];
  /** Have set-id bits of programs mean nothing. Left out on releases without PROC_NO_NEW_PRIVS_CTL. */
  readonly noNewPrivileges: boolean;
  /** Where the program may be, in the order of preference: absolute, as the jail sees it. */
  readonly candidates: readonly string[];
}

/** Refuses what cannot be launched, naming the field. Throws a RangeError. */
export function checkLaunch(bindings: Bindings, launch: Launch): void {
  checkIdentity({ bindings }, launch.identity);
  checkPlainPath('workingDirectory', launch.workingDirectory, bindings.constants.MAXPATHLEN);
  checkInteger('umask', launch.umask, 0, 0o777);
  for (const limit of launch.limits) checkLimit(limit);
}

/**
 * Makes the caller what it is to be, all but the program, and looks for that. The order is the only one that holds:
 *
 * - a session before the jail, as the login name is the session's, and whoever made the caller keeps his own;
 * - attach, and at once the root as working directory, as 12.1 leaves that one outside;
 * - as root of the jail what needs root: making folders, raising limits;
 * - the user, and then, with no more than his rights, the working directory and the search for the program.
 *
 * Limits come late, as the calls before them need descriptors and memory too.
 */
export function addLaunch(b: BatchBuilder, launch: Launch): Step<FoundProgram> {
  checkLaunch(b.bindings, launch);
  startSession(b);
  if (launch.login !== undefined) setLogin(b, launch.login);
  attachJail(b, launch.jid);
  if (launch.makeWorkingDirectory) makeFolders(b, launch.workingDirectory);
  if (launch.noNewPrivileges && canForbidNewPrivileges(b)) forbidNewPrivileges(b);
  for (const limit of launch.limits) setLimit(b, limit);
  becomeUser(b, launch.identity);
  setUmask(b, launch.umask);
  changeDirectory(b, launch.workingDirectory);
  return findProgram(b, launch.candidates);
}

/** Sets the working directory of the caller: chdir(2). */
function changeDirectory(b: BatchBuilder, path: string): void {
  const at = b.arena.text(path, 'workingDirectory', b.bindings.constants.MAXPATHLEN);
  b.call('chdir', [{ arena: at }], { object: `working directory ${path}` });
}

/** Makes a folder and those above it that are missing. Whatever fails, changing to it says so. */
function makeFolders(b: BatchBuilder, path: string): void {
  setUmask(b, 0o022);
  const parts = path.split('/').filter((part) => part !== '');
  parts.forEach((_, index) => {
    const folder = `/${parts.slice(0, index + 1).join('/')}`;
    b.attempt(() => {
      const at = b.arena.text(folder, 'workingDirectory', b.bindings.constants.MAXPATHLEN);
      return { value: b.call('mkdir', [{ arena: at }, 0o755], { object: folder }), decode: () => undefined };
    });
  });
}

/**
 * Prepares a child for its program, in one round trip.
 *
 * @returns where the program is
 * @throws KernelError that names the step which failed; the child is of no use then, and has to be ended
 */
export function prepareLaunch(
  kernel: ChildKernel,
  bindings: Bindings,
  launch: Launch,
): Promise<FoundProgram> {
  return run({ kernel, bindings }, (b) => addLaunch(b, launch));
}

/**
 * Makes a prepared child its program: one call, execve(2).
 *
 * @throws KernelError of execve; the child is as it was then
 */
export async function becomeProgram(
  kernel: ChildKernel,
  bindings: Bindings,
  program: Program,
): Promise<void> {
  const b = new BatchBuilder(bindings);
  execute(b, program);
  await kernel.become(b.batch(), program.path);
}
