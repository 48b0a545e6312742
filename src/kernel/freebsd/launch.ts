import type { ChildKernel } from '../child.js';
import type { Bindings } from '../bindings/types.js';
import { BatchBuilder, type Step } from './batch-builder.js';
import { checkInteger, checkPlainPath } from './check.js';
import { becomeUser, checkIdentity, setLogin, setUmask, startSession, type Identity } from './credentials.js';
import { execute, type Program } from './execute.js';
import { findProgram, type FoundProgram } from './find-program.js';
import { attachJail } from './jail.js';
import { checkLimit, setLimit, type Limit } from './limit.js';
import { canForbidNewPrivileges, forbidNewPrivileges, setTraceable } from './process-control.js';
import { addTerminal } from './launch-terminal.js';
import { run } from './run.js';
import type { TerminalSize } from './terminal.js';

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
  /**
   * A terminal on descriptors 0, 1 and 2. Until then 0 is a socket, to which its master is sent. Left out, the process
   * keeps the descriptors that it has.
   */
  readonly terminal?: { readonly size: TerminalSize | undefined } | undefined;
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
 * Has the caller enter a jail, as root of it still, in a session of its own: a login name is the session's, and whoever
 * made the caller keeps his own. Until it becomes its program nobody can debug it, as root of the jail could: it does what
 * the daemon says, and its answers are the daemon's.
 */
export function enterJail(b: BatchBuilder, jid: number): Step<void> {
  // EBUSY of one that is traced already: with the daemon, by whoever may.
  b.attempt(() => setTraceable(b, false));
  startSession(b);
  return attachJail(b, jid);
}

/**
 * Makes the caller, who is in its jail, what it is to be, all but the program, and looks for that. The order is the
 * only one that holds: first what needs root, making folders and raising limits; then the user, and with no more than
 * his rights the working directory, the terminal and the search for the program.
 */
export function settle(b: BatchBuilder, launch: Omit<Launch, 'jid'>): Step<FoundProgram> {
  if (launch.login !== undefined) setLogin(b, launch.login);
  if (launch.makeWorkingDirectory) makeFolders(b, launch.workingDirectory);
  if (launch.noNewPrivileges && canForbidNewPrivileges(b)) forbidNewPrivileges(b);
  for (const limit of launch.limits) setLimit(b, limit);
  becomeUser(b, launch.identity);
  setUmask(b, launch.umask);
  changeDirectory(b, launch.workingDirectory);
  if (launch.terminal !== undefined) addTerminal(b, launch.terminal.size);
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
 * @throws RangeError before any call, naming what cannot be
 * @throws KernelError that names the step which failed; the child is of no use then, and has to be ended
 */
export async function prepareLaunch(
  kernel: ChildKernel,
  bindings: Bindings,
  launch: Launch,
): Promise<FoundProgram> {
  checkLaunch(bindings, launch);
  return run({ kernel, bindings }, (b) => {
    enterJail(b, launch.jid);
    return settle(b, launch);
  });
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
