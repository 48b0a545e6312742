import { fail } from './failure.js';
import type { Jail } from './jail.js';
import type { Process } from './process.js';
import type { Session } from './session.js';
import { deliver } from './signal-calls.js';
import type { System } from './system.js';
import { slaveDevice } from './terminal-files.js';

/** A pseudo-terminal. */
export interface Terminal {
  readonly number: number;
  /** The jail of whoever opened it. */
  readonly jail: Jail;
  /** Nobody has its master open any more: its name is gone, and what is written to the slave is lost. */
  hungUp: boolean;
  /** How many open files lead to the slave. */
  slaves: number;
  /** The slave was open, and is no more: the master is at its end. */
  finished: boolean;
  /** What the slave is to read, and the master. */
  readonly toSlave: number[];
  readonly toMaster: number[];
  /** The session that it controls, and the group in it that reads from it. */
  session: Session | undefined;
  group: number | undefined;
  /** struct winsize and struct termios */
  size: Uint8Array;
  modes: Uint8Array;
}

/** The name of a terminal's slave below /dev. */
export function slaveName({ number }: Terminal): string {
  return `pts/${number}`;
}

/** Nobody has it open any more. */
function isClosed({ hungUp, slaves }: Terminal): boolean {
  return hungUp && slaves === 0;
}

/** The pseudo-terminals. */
export class TerminalTable {
  readonly system: System;
  list: Terminal[] = [];

  constructor(system: System) {
    this.system = system;
  }

  /** A new terminal, with the lowest number that is free, and a slave of whoever asks. */
  make({ jail, credential }: Process): Terminal {
    const { layouts } = this.system.bindings;
    const taken = this.open().map(({ number }) => number);
    let number = 0;
    while (taken.includes(number)) number++;
    const terminal: Terminal = {
      number,
      jail,
      hungUp: false,
      slaves: 0,
      finished: false,
      toSlave: [],
      toMaster: [],
      session: undefined,
      group: undefined,
      size: new Uint8Array(layouts.winsize.size),
      modes: firstModes(this.system),
    };
    this.list.push(terminal);
    const path = slaveName(terminal);
    const owner = { uid: credential.uid, gid: 4, jail };
    const device = slaveDevice(terminal);
    this.system.devices.add({ path, kind: 'character device', mode: 0o620, ...owner, device });
    return terminal;
  }

  /** Those that somebody has open. */
  open(): Terminal[] {
    return this.list.filter((terminal) => !isClosed(terminal));
  }

  /** The master is closed: who leads the session is told by SIGHUP. */
  hangUp(terminal: Terminal): void {
    terminal.hungUp = true;
    this.system.devices.remove(slaveName(terminal));
    const { session } = terminal;
    if (session === undefined) return;
    this.release(session);
    if (session.leader !== undefined)
      deliver(this.system, session.leader, this.system.bindings.signals.SIGHUP);
  }

  /** Who leads a session has ended: the group that reads from its terminal is told by SIGHUP. */
  leaderEnded(session: Session): void {
    const foreground = this.list.filter((each) => each.session === session).map(({ group }) => group);
    this.release(session);
    const told = this.system.processes.list.filter((each) => {
      return each.session === session && foreground.includes(each.group);
    });
    for (const each of told) deliver(this.system, each, this.system.bindings.signals.SIGHUP);
  }

  /** A session has its controlling terminal no more. */
  release(session: Session): void {
    for (const terminal of this.list.filter((each) => each.session === session)) {
      terminal.session = undefined;
      terminal.group = undefined;
    }
    session.terminal = undefined;
  }

  /** The terminal that controls a session; ENXIO if there is none. */
  controlling(session: Session): Terminal {
    return this.list.find((each) => each.session === session) ?? fail('ENXIO');
  }

  /** Frees what was closed: any lookup in a devfs does that. */
  sweep(): void {
    this.list = this.list.filter((terminal) => !isClosed(terminal));
  }

  /** A terminal keeps the jail that it was opened in, even closed, until it is freed. */
  isHeldBy(jail: Jail): boolean {
    return this.list.some((terminal) => terminal.jail === jail);
  }
}

/** TTYDEF_* of sys/ttydefaults.h, as far as anything here depends on them. */
function firstModes({ bindings }: System): Uint8Array {
  const { constants: c, layouts } = bindings;
  const { c_iflag, c_oflag, c_cflag, c_lflag } = layouts.termios.fields;
  const bytes = new Uint8Array(layouts.termios.size);
  const view = new DataView(bytes.buffer);
  const lflag = c.ECHO | c.ICANON | c.ISIG | c.IEXTEN | c.ECHOE | c.ECHOKE | c.ECHOCTL;
  view.setUint32(c_iflag.offset, c.BRKINT | c.ICRNL | c.IMAXBEL | c.IXON | c.IXANY, true);
  view.setUint32(c_oflag.offset, c.OPOST | c.ONLCR, true);
  view.setUint32(c_cflag.offset, c.CREAD | c.CS8 | c.HUPCL, true);
  view.setUint32(c_lflag.offset, lflag, true);
  return bytes;
}
