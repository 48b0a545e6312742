import { Arena } from '../arena.js';
import { isKernelError } from '../error.js';
import type { LocalKernel } from '../kernel.js';
import { callOnce, single } from './call.js';

const PR_SET_CHILD_SUBREAPER = 36;
const P_ALL = 0;
const WNOHANG = 1;
const WEXITED = 4;
const WNOWAIT = 0x1000000;
// siginfo_t: 128 bytes, si_pid of a SIGCHLD at 16 on 64-bit systems
const siginfoSize = 128;
const siginfoPid = 16;

/** How a child ended: with an exit code, or by a signal. */
export interface Exit {
  readonly pid: number;
  /** 0 to 255; null if a signal ended it. */
  readonly code: number | null;
  /** The signal's number; null if it exited. */
  readonly signal: number | null;
}

/** Makes this process the parent of its descendants' orphans: prctl(2), PR_SET_CHILD_SUBREAPER. Throws KernelError. */
export function becomeSubreaper(kernel: LocalKernel): void {
  callOnce(kernel, single('prctl', [PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0]), 'child subreaper');
}

const siginfo = new Arena();
const peek = single(
  'waitid',
  [P_ALL, 0, { arena: siginfo.reserve(siginfoSize) }, WEXITED | WNOHANG | WNOWAIT],
  siginfo,
);

/**
 * The pid of a child that has ended and that nobody has waited for, or undefined if there is none: waitid(2) with
 * WNOWAIT. The child stays as it is, so that whoever it belongs to (Node, for children of child_process) can collect
 * it; until then this goes on answering with it.
 */
export function peekExited(kernel: LocalKernel): number | undefined {
  try {
    const { arena } = callOnce(kernel, peek, 'any child');
    // 0, as the field was before the call, if no child has ended: waitid(2).
    return new DataView(arena.buffer, arena.byteOffset).getInt32(siginfoPid, true) || undefined;
  } catch (error) {
    if (isKernelError(error, 'ECHILD')) return undefined;
    throw error;
  }
}

/**
 * Collects a child that has ended: wait4(2). Undefined if it is still running, or is no child of ours (any more).
 *
 * @param pid of the child, greater than 0: any other number means a group of processes.
 */
export function reap(kernel: LocalKernel, pid: number): Exit | undefined {
  if (!Number.isInteger(pid) || pid <= 0) throw new RangeError(`pid: ${pid} is not that of one process`);
  try {
    const { value, arena } = callOnce(
      kernel,
      { ...collect, calls: [{ symbol: 'wait4', args: [pid, ...collectArguments] }] },
      `process ${pid}`,
    );
    if (value === 0) return undefined;
    return { pid, ...decodeStatus(new DataView(arena.buffer, arena.byteOffset).getInt32(0, true)) };
  } catch (error) {
    if (isKernelError(error, 'ECHILD')) return undefined;
    throw error;
  }
}

const status = new Arena(8);
const collectArguments = [{ arena: status.reserve(8) }, WNOHANG, 0];
const collect = status.batch([]);

/** A wait status as WIFEXITED, WEXITSTATUS and WTERMSIG of wait(2) take it apart; FreeBSD's is the same. */
export function decodeStatus(word: number): { code: number | null; signal: number | null } {
  const signal = word & 0x7f;
  return signal === 0 ? { code: (word >> 8) & 0xff, signal: null } : { code: null, signal };
}
