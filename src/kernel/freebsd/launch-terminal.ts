import type { BatchBuilder } from './batch-builder.js';
import { sendDescriptor } from './descriptor-passing.js';
import { control, openTerminal, setTerminalSize, takeTerminal, type TerminalSize } from './terminal.js';

// Where the terminal is seen: the name that FIODGNAME gives comes right behind it.
const folder = '/dev/';
const nameCapacity = 256;

/**
 * Gives the caller, who is in its jail, leads its session and is the user that it shall be, a terminal on its standard
 * descriptors. The terminal is made in the jail, so that it has a name there, and belongs to the user; its master goes to
 * whoever has the other end of the socket that is the caller's descriptor 0.
 */
export function addTerminal(b: BatchBuilder, size: TerminalSize | undefined): void {
  const master = openTerminal(b).value;
  if (size !== undefined) setTerminalSize(b, master, size);
  // As the number of the master is not known yet, a known one has to stand for it in the message.
  duplicate(b, master, 1);
  sendDescriptor(b, 0, 1, 'master of the terminal');
  const slave = openSlaveOf(b, master);
  takeTerminal(b, slave);
  for (const standard of [0, 1, 2]) duplicate(b, slave, standard);
  for (const descriptor of [master, slave]) b.call('close', [descriptor], { object: 'terminal' });
}

/** Opens the slave by the name that the kernel gives, in the batch that learns it. */
function openSlaveOf(b: BatchBuilder, master: { readonly result: number }): { readonly result: number } {
  const { constants: c, layouts } = b.bindings;
  const path = b.arena.reserve(folder.length + nameCapacity);
  b.arena.write(path, Buffer.from(folder));
  const at = b.arena.struct(layouts.fiodgname_arg, { len: nameCapacity, buf: path + folder.length });
  control(b, master, 'FIODGNAME', { arena: at });
  const flags = c.O_RDWR | c.O_NOCTTY | c.O_CLOEXEC;
  return b.call('openat', [c.AT_FDCWD, { arena: path }, flags, 0], { object: 'terminal below /dev' });
}

function duplicate(b: BatchBuilder, descriptor: { readonly result: number }, to: number): void {
  b.call('dup2', [descriptor, to], { object: `standard descriptor ${to}` });
}
