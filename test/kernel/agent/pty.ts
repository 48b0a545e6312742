import { constants, openSync } from 'node:fs';
import { Arena } from '../../../src/kernel/arena.js';
import { openLocalKernel } from '../../../src/kernel/local.js';

/** Flags to open a terminal with, so that it does not become ours. */
export const openTerminal = constants.O_RDWR | constants.O_NOCTTY;

// of ioctl_tty(2)
const tiocsptlck = 0x40045431;
const tiocgptn = 0x80045430;

/** A new pty: the master's descriptor, and the path of the slave. */
export function openPty(): { master: number; name: string } {
  const kernel = openLocalKernel('koffi');
  const master = openSync('/dev/ptmx', openTerminal);
  const arena = new Arena();
  const unlocked = arena.scalar('i32', 0, 'unlocked');
  const number = arena.reserve(4, 4);
  const { arena: filled } = kernel.runSync(
    arena.batch([
      { symbol: 'ioctl', args: [master, tiocsptlck, { arena: unlocked }] },
      { symbol: 'ioctl', args: [master, tiocgptn, { arena: number }] },
    ]),
  );
  kernel.close();
  return { master, name: `/dev/pts/${new DataView(filled.buffer).getInt32(number, true)}` };
}
