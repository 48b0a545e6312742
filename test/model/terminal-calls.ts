import { fail } from './failure.js';
import type { CallContext } from './open-file.js';
import { slaveName, type Terminal } from './terminals.js';

// ioctl(2) of terminals: sys/kern/tty.c and tty_pts.c.

/** What only a master answers; undefined for other requests. */
export function masterControl(
  { memory, system }: CallContext,
  terminal: Terminal,
  request: number,
  data: bigint,
): number | undefined {
  const { constants: c } = system.bindings;
  switch (request) {
    case c.TIOCPTMASTER:
      return 0;
    case c.TIOCGPTN:
      memory.setI32(data, terminal.number);
      return 0;
    case c.FIONREAD:
      memory.setI32(data, terminal.toMaster.length);
      return 0;
    default:
      return undefined;
  }
}

/** What only a slave answers; undefined for other requests. */
export function slaveControl(
  { process, system }: CallContext,
  terminal: Terminal,
  request: number,
): number | undefined {
  const { constants: c } = system.bindings;
  const { session } = process;
  switch (request) {
    case c.TIOCSCTTY:
      if (session.leader !== process) return fail('EPERM');
      if (terminal.session === session) return 0;
      if (session.terminal !== undefined || terminal.session !== undefined) return fail('EPERM');
      terminal.session = session;
      terminal.group = process.group;
      session.terminal = slaveName(terminal);
      return 0;
    default:
      return undefined;
  }
}

/** What both sides answer. */
export function lineControl(context: CallContext, terminal: Terminal, request: number, data: bigint): number {
  const { memory, process, system } = context;
  const { constants: c, layouts } = system.bindings;
  const controls = terminal.session === process.session;
  switch (request) {
    case c.FIODGNAME:
      return writeName(context, slaveName(terminal), data);
    case c.TIOCGWINSZ:
      memory.write(data, terminal.size);
      return 0;
    case c.TIOCSWINSZ:
      terminal.size = memory.at(data, layouts.winsize.size).slice();
      return 0;
    case c.TIOCGETA:
      memory.write(data, terminal.modes);
      return 0;
    case c.TIOCSETA:
    case c.TIOCSETAW:
    case c.TIOCSETAF:
      terminal.modes = memory.at(data, layouts.termios.size).slice();
      return 0;
    case c.TIOCGPGRP:
      if (!controls) return fail('ENOTTY');
      memory.setI32(data, terminal.group ?? 0);
      return 0;
    case c.TIOCGSID:
      if (!controls) return fail('ENOTTY');
      memory.setI32(data, process.session.id);
      return 0;
    case c.TIOCSPGRP:
      if (!controls) return fail('ENOTTY');
      terminal.group = groupOf(context, memory.i32(data));
      return 0;
    default:
      return fail('ENOTTY');
  }
}

/** A process group of the caller's session. */
function groupOf({ process, system }: CallContext, group: number): number {
  const inside = system.processes.list.some(
    (each) => each.group === group && each.session === process.session,
  );
  return inside ? group : fail('EPERM');
}

/** FIODGNAME: the name of a device below /dev, with its NUL. */
function writeName({ memory, system }: CallContext, name: string, data: bigint): number {
  const { len, buf } = memory.struct(data, system.bindings.layouts.fiodgname_arg);
  const bytes = Buffer.from(`${name}\0`);
  if (bytes.byteLength > len) return fail('EINVAL');
  memory.write(buf, bytes);
  return 0;
}
