import type { Release } from '../../../src/kernel/bindings/types.js';
import type { FreeBSD } from '../../../src/kernel/freebsd/run.js';
import type { Batch, Kernel } from '../../../src/kernel/kernel.js';

/** A process of the machine, through which calls are made. What its jail or its end does to others is seen there. */
export interface Process extends Kernel {
  readonly pid: number;
  /** A child of it. */
  fork(): Promise<Process>;
  /** Runs a batch whose last call makes it another program. */
  become(batch: Batch, object: string): Promise<void>;
}

/** A FreeBSD that cases run on. */
export interface Machine {
  readonly release: Release;
  /** Root on the host. */
  readonly system: FreeBSD;
  /** Root on the host as well, to have children of; undefined where the machine cannot have any. */
  readonly process: Process | undefined;
  close(): Promise<void>;
}

/** Where a machine comes from. */
export interface MachineSource {
  readonly name: string;
  /** If it is known before it is opened. */
  readonly release?: Release;
  open(): Promise<Machine>;
}
