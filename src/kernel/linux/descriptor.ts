import { isKernelError } from '../error.js';
import type { LocalKernel } from '../kernel.js';
import { callOnce, single } from './call.js';

const F_SETFD = 2;
const FD_CLOEXEC = 1;
const F_GETFL = 3;
const F_SETFL = 4;
const F_SETPIPE_SZ = 1031;
const F_GETPIPE_SZ = 1032;
const O_NONBLOCK = 0o4000;
const LOCK_EX = 2;
const LOCK_NB = 4;

/** Closes a descriptor that no object of Node owns: close(2). Throws KernelError. */
export function closeDescriptor(kernel: LocalKernel, fd: number): void {
  callOnce(kernel, single('close', [fd]), `descriptor ${fd}`);
}

/** The file status flags, such as O_NONBLOCK: fcntl(2), F_GETFL. Throws KernelError. */
export function statusFlags(kernel: LocalKernel, fd: number): number {
  return callOnce(kernel, single('fcntl', [fd, F_GETFL]), `descriptor ${fd}`).value;
}

/** Sets or clears O_NONBLOCK on the open file description, which others may share. Throws KernelError. */
export function setNonBlocking(kernel: LocalKernel, fd: number, on: boolean): void {
  const flags = statusFlags(kernel, fd);
  const wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
  if (wanted !== flags) callOnce(kernel, single('fcntl', [fd, F_SETFL, wanted]), `descriptor ${fd}`);
}

/** How many bytes a pipe holds: fcntl(2), F_GETPIPE_SZ. Throws KernelError. */
export function pipeSize(kernel: LocalKernel, fd: number): number {
  return callOnce(kernel, single('fcntl', [fd, F_GETPIPE_SZ]), `pipe ${fd}`).value;
}

/** Asks for room for at least `size` bytes in a pipe; answers how many there are now. Throws KernelError. */
export function setPipeSize(kernel: LocalKernel, fd: number, size: number): number {
  return callOnce(kernel, single('fcntl', [fd, F_SETPIPE_SZ, size]), `pipe ${fd}`).value;
}

/** Keeps a descriptor from programs that this process becomes or starts: fcntl(2), FD_CLOEXEC. Throws KernelError. */
export function closeOnExec(kernel: LocalKernel, fd: number): void {
  callOnce(kernel, single('fcntl', [fd, F_SETFD, FD_CLOEXEC]), `descriptor ${fd}`);
}

/** Locks an open file, unless another has it locked: flock(2). False then. Throws KernelError. */
export function tryLock(kernel: LocalKernel, fd: number): boolean {
  try {
    callOnce(kernel, single('flock', [fd, LOCK_EX | LOCK_NB]), `descriptor ${fd}`);
    return true;
  } catch (error) {
    if (isKernelError(error, 'EAGAIN')) return false;
    throw error;
  }
}
