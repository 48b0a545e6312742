import { readStruct, readText } from '../layout.js';
import type { BatchBuilder, ResultOf, Step } from './batch-builder.js';
import { checkInteger, checkPositive } from './check.js';
import { open } from './file.js';

// pts(4). Whoever opens the master decides who sees the slave in a devfs: the jail that he is in and those around it.
// The terminal of the host is seen in no jail, except by the session that it controls.

// The name of a device is shorter than this on every release: SPECNAMELEN of sys/param.h.
const nameCapacity = 256;

/**
 * Opens the master of a new terminal: posix_openpt(2). Its slave is there at once, and can be opened by root and
 * whoever opened the master. The caller closes what it answers. EAGAIN if RLIMIT_NPTS or rctl(8) allow no more.
 *
 * @param inherit keep it open across execve(2)
 */
export function openTerminal(b: BatchBuilder, { inherit = false } = {}): Step<number> {
  const { O_RDWR, O_NOCTTY, O_CLOEXEC } = b.bindings.constants;
  const flags = O_RDWR | O_NOCTTY | (inherit ? 0 : O_CLOEXEC);
  const value = b.call('posix_openpt', [flags], { object: 'terminal' });
  return { value, decode: ({ valueOf }) => valueOf(value) };
}

/** The number of a master's terminal: TIOCGPTN. ENOTTY if it is no master. */
export function terminalNumber(b: BatchBuilder, master: number | ResultOf): Step<number> {
  const at = b.arena.reserve(4, 4);
  const value = control(b, master, 'TIOCGPTN', { arena: at });
  return { value, decode: ({ arena }) => int(arena, at) };
}

/** The path of a terminal for those who see it, such as "/dev/pts/0", by either side of it: FIODGNAME. */
export function terminalPath(b: BatchBuilder, fd: number | ResultOf): Step<string> {
  const name = b.arena.reserve(nameCapacity);
  const { fiodgname_arg } = b.bindings.layouts;
  const at = b.arena.struct(fiodgname_arg, { len: nameCapacity, buf: name });
  const value = control(b, fd, 'FIODGNAME', { arena: at });
  return { value, decode: ({ arena }) => `/dev/${readText(arena, name, nameCapacity)}` };
}

/**
 * Opens the slave of a terminal by its number: below /dev, as the caller sees it. The caller closes what it answers. It
 * does not become the caller's controlling terminal. ENOENT if a rule hides it, or it is another jail's.
 */
export function openSlave(
  b: BatchBuilder,
  number: number,
  { inherit = false }: { readonly inherit?: boolean } = {},
): Step<number> {
  checkInteger('terminal', number, 0, 0x7fff_ffff);
  return open(b, `/dev/pts/${number}`, { access: 'read and write', inherit });
}

/**
 * Makes a terminal the one that controls the caller's session: TIOCSCTTY. EPERM unless the caller leads its session,
 * which has no terminal yet, and no other session has this one.
 */
export function takeTerminal(b: BatchBuilder, slave: number | ResultOf): Step<void> {
  return { value: control(b, slave, 'TIOCSCTTY', 0), decode: () => undefined };
}

/** Has a process group read from the caller's controlling terminal, and get its signals: TIOCSPGRP. */
export function setForegroundGroup(b: BatchBuilder, slave: number | ResultOf, group: number): Step<void> {
  const at = b.arena.scalar('i32', checkPositive('group', group), 'group');
  return { value: control(b, slave, 'TIOCSPGRP', { arena: at }), decode: () => undefined };
}

/** The size of a terminal in characters; 0 by 0 until it is set. */
export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** Sets a terminal's size by either side of it, and has its foreground group told by SIGWINCH: TIOCSWINSZ. */
export function setTerminalSize(b: BatchBuilder, fd: number | ResultOf, size: TerminalSize): Step<void> {
  const at = b.arena.struct(b.bindings.layouts.winsize, {
    ws_row: checkInteger('rows', size.rows, 0, 0xffff),
    ws_col: checkInteger('columns', size.columns, 0, 0xffff),
  });
  return { value: control(b, fd, 'TIOCSWINSZ', { arena: at }), decode: () => undefined };
}

/** A terminal's size: TIOCGWINSZ. */
export function readTerminalSize(b: BatchBuilder, fd: number | ResultOf): Step<TerminalSize> {
  const { winsize } = b.bindings.layouts;
  const at = b.arena.reserve(winsize.size);
  const value = control(b, fd, 'TIOCGWINSZ', { arena: at });
  return {
    value,
    decode: ({ arena }) => {
      const { ws_row, ws_col } = readStruct(arena, at, winsize);
      return { rows: ws_row, columns: ws_col };
    },
  };
}

/** Adds an ioctl(2) of a terminal. */
export function control(
  b: BatchBuilder,
  fd: number | ResultOf,
  request: Extract<keyof BatchBuilder['bindings']['constants'], `TIOC${string}` | `FIO${string}`>,
  data: number | { readonly arena: number },
): ResultOf {
  return b.call('ioctl', [fd, b.bindings.constants[request], data], { object: `terminal (${request})` });
}

function int(arena: Uint8Array, at: number): number {
  return new DataView(arena.buffer, arena.byteOffset).getInt32(at, true);
}
