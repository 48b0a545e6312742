import { Process, type ProcessStart } from './process.js';
import type { System } from './system.js';

/** All processes, zombies too, by rising pid. The first is init. */
export class ProcessTable {
  list: Process[] = [];
  readonly #system: System;
  #lastPid = 0;

  constructor(system: System) {
    this.#system = system;
  }

  get(pid: number): Process | undefined {
    return this.list.find((process) => process.pid === pid);
  }

  /** A process without a parent: init. */
  boot(like: Omit<ProcessStart, 'group' | 'session'>): Process {
    const session = { id: 1, leader: undefined, login: 'root', terminal: undefined };
    const init = new Process(this.#system, this.#newPid(), undefined, { ...like, group: 1, session });
    this.list.push(init);
    return init;
  }

  /** fork(2): the child has what the parent has. EAGAIN if its jail may have no more processes. */
  fork(parent: Process): Process {
    this.#system.limits.require(parent, 'maxproc');
    this.#system.limits.require(parent, 'nthr');
    const child = new Process(this.#system, this.#newPid(), parent, parent);
    child.descriptors = parent.descriptors.copy();
    this.#system.limits.inherit(child, parent);
    child.descriptors.mayGrow = (files) => {
      this.#system.limits.requireFiles(child, files);
    };
    child.umask = parent.umask;
    child.setId = parent.setId;
    child.traceable = parent.traceable;
    child.noNewPrivileges = parent.noNewPrivileges;
    child.command = parent.command;
    child.limits = new Map(parent.limits);
    this.list.push(child);
    return child;
  }

  /** The end of a process, with the status that its parent is told. */
  end(process: Process, status: number): void {
    if (!process.alive) return;
    process.state = 'zombie';
    process.status = status;
    process.descriptors.closeAll();
    if (process.session.leader === process) {
      process.session.leader = undefined;
      this.#system.terminals.leaderEnded(process.session);
    }
    const heir = this.reaperOf(process);
    for (const child of this.childrenOf(process)) {
      child.parent = heir;
      if (child.parentDeathSignal !== 0) this.end(child, child.parentDeathSignal);
      if (!child.alive && heir?.pid === 1) this.collect(child);
    }
    for (const listener of this.#listeners) listener(process, 'ended');
    if (process.parent?.pid === 1) this.collect(process);
  }

  /** Its parent has been told: it is gone. */
  collect(process: Process): void {
    this.list = this.list.filter((other) => other !== process);
  }

  childrenOf(parent: Process): Process[] {
    return this.list.filter((process) => process.parent === parent);
  }

  descendantsOf(ancestor: Process): Process[] {
    return this.childrenOf(ancestor).flatMap((child) => [child, ...this.descendantsOf(child)]);
  }

  /** Who gets the orphans of a process: the nearest reaper above it, or init. */
  reaperOf(process: Process): Process | undefined {
    let above = process.parent;
    while (above !== undefined && above.pid !== 1 && !(above.reaper && above.alive)) above = above.parent;
    return above;
  }

  /** Has somebody told of each end, and of each program that begins to run. */
  listen(listener: (process: Process, event: 'ended' | 'executed') => void): void {
    this.#listeners.push(listener);
  }

  readonly #listeners: ((process: Process, event: 'ended' | 'executed') => void)[] = [];

  executed(process: Process): void {
    for (const listener of this.#listeners) listener(process, 'executed');
  }

  #newPid(): number {
    this.#lastPid++;
    return this.#lastPid;
  }
}
