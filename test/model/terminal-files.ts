import { wouldBlock } from './blocking.js';
import type { DeviceEntry } from './devices.js';
import { fail } from './failure.js';
import type { Device } from './file-tree.js';
import type { CallContext, OpenFile } from './open-file.js';
import type { Process } from './process.js';
import { lineControl, masterControl, slaveControl } from './terminal-calls.js';
import type { System } from './system.js';
import type { Terminal } from './terminals.js';

const newline = 0x0a;
const carriageReturn = 0x0d;

/** posix_openpt(2): the master of a new terminal. */
export function openMaster({ process, system }: CallContext, flags: number): number {
  const { O_RDWR, O_NOCTTY, O_CLOEXEC } = system.bindings.constants;
  if ((flags & ~(O_RDWR | O_NOCTTY | O_CLOEXEC)) !== 0) return fail('EINVAL');
  system.limits.require(process, 'pseudoterminals');
  const terminal = system.terminals.make(process);
  const master: OpenFile = {
    jail: process.jail,
    references: 0,
    flags,
    read: ({ memory }, address, length) => {
      if (terminal.toMaster.length === 0 && !terminal.finished) wouldBlock(master, 'read of a terminal');
      const bytes = Uint8Array.from(terminal.toMaster.splice(0, length));
      memory.write(address, bytes);
      return bytes.byteLength;
    },
    write: (context, address, length) => {
      type(context, terminal, context.memory.at(address, length));
      return length;
    },
    ioctl: (context, request, data) =>
      masterControl(context, terminal, request, data) ?? lineControl(context, terminal, request, data),
    closed: () => {
      system.terminals.hangUp(terminal);
    },
  };
  return process.descriptors.add(master, (flags & O_CLOEXEC) !== 0);
}

/** The other side, by its name. */
export function slaveDevice(terminal: Terminal): Device {
  return {
    name: `pts/${terminal.number}`,
    open: (process, flags) => openSlave(terminal, process, flags),
  };
}

/** ctty, which is /dev/tty as well: the terminal that controls whoever opens it. */
export function ownTerminal(system: System): DeviceEntry {
  const open: Device['open'] = (process, flags) => {
    return openSlave(system.terminals.controlling(process.session), process, flags);
  };
  return {
    path: 'ctty',
    kind: 'character device',
    mode: 0o666,
    uid: 0,
    gid: 0,
    device: { name: 'ctty', open },
  };
}

function openSlave(terminal: Terminal, process: Process, flags: number): OpenFile {
  if (terminal.hungUp) return fail('ENXIO');
  terminal.slaves++;
  terminal.finished = false;
  const slave: OpenFile = {
    jail: process.jail,
    references: 0,
    flags,
    read: ({ memory }, address, length) => {
      if (terminal.toSlave.length === 0 && !terminal.hungUp) wouldBlock(slave, 'read of a terminal');
      const bytes = Uint8Array.from(terminal.toSlave.splice(0, length));
      memory.write(address, bytes);
      return bytes.byteLength;
    },
    write: (context, address, length) => {
      if (terminal.hungUp) return fail('ENXIO');
      print(context, terminal, context.memory.at(address, length));
      return length;
    },
    ioctl: (context, request, data) =>
      slaveControl(context, terminal, request) ?? lineControl(context, terminal, request, data),
    closed: () => {
      terminal.slaves--;
      terminal.finished = terminal.slaves === 0;
    },
  };
  return slave;
}

function modes(
  { system }: CallContext,
  { modes }: Terminal,
): Readonly<Record<'input' | 'output' | 'local', number>> {
  const { c_iflag, c_oflag, c_lflag } = system.bindings.layouts.termios.fields;
  const view = new DataView(modes.buffer, modes.byteOffset);
  const at = ({ offset }: { readonly offset: number }): number => view.getUint32(offset, true);
  return { input: at(c_iflag), output: at(c_oflag), local: at(c_lflag) };
}

/** What the slave writes comes out at the master. */
function print(context: CallContext, terminal: Terminal, data: Uint8Array): void {
  const { OPOST, ONLCR } = context.system.bindings.constants;
  const translates = (modes(context, terminal).output & (OPOST | ONLCR)) === (OPOST | ONLCR);
  for (const byte of data) {
    if (byte === newline && translates) terminal.toMaster.push(carriageReturn);
    terminal.toMaster.push(byte);
  }
}

/** What the master writes is what somebody types; it is lost if nobody has the slave open. */
function type(context: CallContext, terminal: Terminal, data: Uint8Array): void {
  const { ICRNL, ECHO } = context.system.bindings.constants;
  if (terminal.slaves === 0) return;
  const { input, local } = modes(context, terminal);
  const typed = data.map((byte) => (byte === carriageReturn && (input & ICRNL) !== 0 ? newline : byte));
  terminal.toSlave.push(...typed);
  if ((local & ECHO) !== 0) print(context, terminal, typed);
}
