import type { Release } from '../../src/kernel/bindings/types.js';
import type { FreeBSD } from '../../src/kernel/freebsd/run.js';
import { boot } from './boot.js';
import { FaultPlan } from './faults.js';
import { ModelKernel } from './kernel.js';
import { remains } from './remains.js';
import type { System, SystemOptions } from './system.js';

/** A simulated FreeBSD kernel, and a process of root on its host to make calls with. */
export interface Model {
  readonly system: System;
  readonly kernel: ModelKernel;
  /** The kernel with its bindings, as the typed layer wants it. */
  readonly freebsd: FreeBSD;
  readonly faults: FaultPlan;
  /** What is there that was not there at the beginning: jails, mounts, processes and so on, in words. */
  remains(): string[];
}

/** Boots a simulated FreeBSD. */
export function openModel(release: Release, options: Omit<SystemOptions, 'release'> = {}): Model {
  const { system, init } = boot({ release, ...options });
  const faults = new FaultPlan();
  const kernel = new ModelKernel(system, system.processes.fork(init), faults);
  const before = new Set(remains(system));
  return {
    system,
    kernel,
    freebsd: { kernel, bindings: system.bindings },
    faults,
    remains: () => remains(system).filter((what) => !before.has(what)),
  };
}
