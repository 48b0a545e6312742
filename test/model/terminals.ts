import type { Jail } from './jail.js';
import type { System } from './system.js';

/** A pseudo-terminal. */
export interface Terminal {
  /** The jail of whoever opened it. */
  readonly jail: Jail;
  /** Nobody has it open any more. */
  closed: boolean;
}

/** The pseudo-terminals. */
export class TerminalTable {
  readonly system: System;
  list: Terminal[] = [];

  constructor(system: System) {
    this.system = system;
  }

  /** Frees what was closed: any lookup in a devfs does that. */
  sweep(): void {
    this.list = this.list.filter(({ closed }) => !closed);
  }

  /** A terminal keeps the jail that it was opened in, even closed, until it is freed. */
  isHeldBy(jail: Jail): boolean {
    return this.list.some((terminal) => terminal.jail === jail);
  }
}
