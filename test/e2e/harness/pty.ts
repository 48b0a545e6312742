import { constants, openSync } from 'node:fs';
import koffi from 'koffi';

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** Both ends of a pseudo-terminal, as file descriptors of this process. */
export interface Pty {
  readonly master: number;
  readonly slave: number;
}

// asm-generic/ioctls.h: the same on every architecture that Node has a Linux build for, except powerpc.
const TIOCSPTLCK = 0x40045431;
const TIOCGPTN = 0x80045430;
const TIOCSWINSZ = 0x5414;

const call = koffi.load(null).func('int ioctl(int, unsigned long, void *)') as (
  descriptor: number,
  request: number,
  argument: Buffer,
) => number;

/** Makes a pseudo-terminal (pts(4), ioctl_tty(2)). */
export function openPty(size: TerminalSize): Pty {
  const flags = constants.O_RDWR | constants.O_NOCTTY;
  const master = openSync('/dev/ptmx', flags);
  const number = Buffer.alloc(4);
  ioctl(master, 'TIOCSPTLCK', TIOCSPTLCK, number);
  ioctl(master, 'TIOCGPTN', TIOCGPTN, number);
  resizePty(master, size);
  return { master, slave: openSync(`/dev/pts/${number.readUInt32LE()}`, flags) };
}

/** The kernel tells the program in the terminal's foreground with SIGWINCH. */
export function resizePty(master: number, size: TerminalSize): void {
  const winsize = Buffer.alloc(8);
  winsize.writeUInt16LE(size.rows, 0);
  winsize.writeUInt16LE(size.columns, 2);
  ioctl(master, 'TIOCSWINSZ', TIOCSWINSZ, winsize);
}

function ioctl(descriptor: number, name: string, request: number, argument: Buffer): void {
  if (call(descriptor, request, argument) !== 0) {
    throw new Error(`ioctl ${name} on a pseudo-terminal: errno ${koffi.errno()}`);
  }
}
