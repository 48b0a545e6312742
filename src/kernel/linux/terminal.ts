import { Arena } from '../arena.js';
import { isKernelError } from '../error.js';
import type { LocalKernel } from '../kernel.js';
import { callOnce, single } from './call.js';

const TIOCSWINSZ = 0x5414;
const TIOCGWINSZ = 0x5413;
const TCGETS = 0x5401;
const TIOCGPTPEER = 0x5441;
const O_RDWR = 0o2;
const O_NOCTTY = 0o400;
const O_CLOEXEC = 0o2000000;
const winsizeSize = 8;
// the kernel's struct termios: asm-generic/termbits.h has 36 bytes
const termiosSize = 64;

export interface WindowSize {
  readonly rows: number;
  readonly columns: number;
}

/** Sets a terminal's size in characters, through either side of the pty: ioctl_tty(2), TIOCSWINSZ. Throws KernelError. */
export function setWindowSize(kernel: LocalKernel, fd: number, { rows, columns }: WindowSize): void {
  const arena = new Arena(winsizeSize);
  const size = arena.array('u16', [rows, columns, 0, 0], 'window size');
  callOnce(kernel, single('ioctl', [fd, TIOCSWINSZ, { arena: size }], arena), `terminal ${fd}`);
}

/** A terminal's size in characters: ioctl_tty(2), TIOCGWINSZ. Throws KernelError. */
export function windowSize(kernel: LocalKernel, fd: number): WindowSize {
  const arena = new Arena(winsizeSize);
  const size = arena.reserve(winsizeSize);
  const answer = callOnce(
    kernel,
    single('ioctl', [fd, TIOCGWINSZ, { arena: size }], arena),
    `terminal ${fd}`,
  );
  const view = new DataView(answer.arena.buffer, answer.arena.byteOffset);
  return { rows: view.getUint16(0, true), columns: view.getUint16(2, true) };
}

/** Opens the slave of a pseudo-terminal by its master, wherever it is mounted: ioctl_tty(2), TIOCGPTPEER. Throws KernelError. */
export function openPeer(kernel: LocalKernel, master: number): number {
  const flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
  return callOnce(kernel, single('ioctl', [master, TIOCGPTPEER, flags]), `terminal ${master}`).value;
}

/** Whether a descriptor is a terminal, asked as isatty(3) asks: ioctl_tty(2), TCGETS. Throws KernelError if it is not open. */
export function isTerminal(kernel: LocalKernel, fd: number): boolean {
  const arena = new Arena(termiosSize);
  const termios = arena.reserve(termiosSize);
  try {
    callOnce(kernel, single('ioctl', [fd, TCGETS, { arena: termios }], arena), `descriptor ${fd}`);
    return true;
  } catch (error) {
    // EINVAL: some drivers answer so to a request that they do not know
    if (isKernelError(error, 'ENOTTY', 'EINVAL')) return false;
    throw error;
  }
}
