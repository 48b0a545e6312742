import { fail } from './failure.js';
import type { Jail } from './jail.js';
import type { Memory } from './memory.js';
import type { Place } from './place.js';
import type { Process } from './process.js';
import type { System } from './system.js';

/** What a system call is made with. */
export interface CallContext {
  readonly system: System;
  readonly process: Process;
  readonly memory: Memory;
}

/** Something that a descriptor stands for. It holds the jail of whoever opened it. */
export interface OpenFile {
  readonly jail: Jail;
  /** How many descriptors lead here, in all processes. */
  references: number;
  /** Where it lies, if it has a place in the file tree. */
  readonly place?: Place;
  /** O_* */
  flags: number;
  /** Only who has made it has it: fork(2) leaves it out, and it cannot be passed. */
  readonly private?: boolean;
  read?(context: CallContext, address: bigint, length: number): number;
  write?(context: CallContext, address: bigint, length: number): number;
  ioctl?(context: CallContext, request: number, data: bigint): number;
  /** The last descriptor is closed. */
  closed?(): void;
}

interface Descriptor {
  readonly file: OpenFile;
  closeOnExec: boolean;
}

/** The descriptors of a process. */
export class DescriptorTable {
  readonly #descriptors = new Map<number, Descriptor>();
  /** How many it has room for: NDFILE, NDENTRIES and fdgrowtable() of kern_descrip.c. */
  #room = 20;
  /** Asked before the table grows to hold so many, and may fail. Nothing else is, until it grows again. */
  mayGrow: (files: number) => void = () => undefined;

  /** Gives a file the lowest free number not below `least`. */
  add(file: OpenFile, closeOnExec: boolean, least = 0): number {
    let fd = least;
    while (this.#descriptors.has(fd)) fd++;
    if (fd >= this.#room) this.#grow(fd * 2);
    this.set(fd, file, closeOnExec);
    return fd;
  }

  #grow(files: number): void {
    this.mayGrow(files);
    this.#room = Math.max(this.#room * 2, Math.ceil(files / 64) * 64);
  }

  set(fd: number, file: OpenFile, closeOnExec: boolean): void {
    if (fd >= this.#room) this.#grow(fd + 1);
    if (this.#descriptors.has(fd)) this.close(fd);
    file.references++;
    this.#descriptors.set(fd, { file, closeOnExec });
  }

  /** EBADF if it is not open. */
  get(fd: number): OpenFile {
    return this.entry(fd).file;
  }

  entry(fd: number): Descriptor {
    return this.#descriptors.get(fd) ?? fail('EBADF');
  }

  close(fd: number): void {
    const { file } = this.entry(fd);
    this.#descriptors.delete(fd);
    file.references--;
    if (file.references === 0) file.closed?.();
  }

  numbers(): number[] {
    return [...this.#descriptors.keys()].sort((a, b) => a - b);
  }

  files(): OpenFile[] {
    return [...this.#descriptors.values()].map(({ file }) => file);
  }

  closeOnExec(): void {
    for (const fd of this.numbers()) if (this.entry(fd).closeOnExec) this.close(fd);
  }

  closeAll(): void {
    for (const fd of this.numbers()) this.close(fd);
  }

  /** For a child: the same files under the same numbers. */
  copy(): DescriptorTable {
    const copy = new DescriptorTable();
    copy.#room = this.#room;
    for (const [fd, { file, closeOnExec }] of this.#descriptors) {
      if (file.private !== true) copy.set(fd, file, closeOnExec);
    }
    return copy;
  }
}
