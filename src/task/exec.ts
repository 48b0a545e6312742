import type { ProcessSpec } from '../runtime/spec.js';
import { Process, type StdioPaths } from './process.js';

/** An exec that is registered; `starting` reserves it for one Start, and ends with it. */
export class Exec extends Process {
  readonly spec: ProcessSpec;
  starting: Promise<void> | undefined;

  constructor(execId: string, paths: StdioPaths, spec: ProcessSpec) {
    super(execId, paths);
    this.spec = spec;
  }
}
