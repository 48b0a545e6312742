import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { MountEntry } from '../../kernel/linux/mountinfo.js';
import type { RuntimeProcess } from '../../runtime/runtime.js';
import type { JsonObject } from '../../runtime/spec.js';
import { removeEmptyCgroups } from './cgroups.js';
import { openExecFifo } from './exec-fifo.js';
import { parseState } from './state.js';

/**
 * What `start` and `delete` of runc do, done here: they are little, and runc takes 5 to 20 ms for each. Each answers true
 * when it is done, and false when it has to be left to runc.
 */
export interface Direct {
  start(): Promise<boolean>;
  /** To be called when init is gone, if it is to do anything. */
  remove(): Promise<boolean>;
}

/** For programs other than runc, and for containers that only runc knows how to start or to delete. */
export const notDirect: Direct = {
  start: () => Promise.resolve(false),
  remove: () => Promise.resolve(false),
};

export interface DirectParts {
  readonly id: string;
  /** folder of runc's state of this container */
  readonly folder: string;
  readonly init: RuntimeProcess;
  readonly spec: JsonObject;
  /** the kernel ends all processes of the container with init */
  readonly endsWithInit: boolean;
  readonly hierarchies: readonly MountEntry[];
}

/**
 * For a container that a known runc has made without systemd.
 *
 * Left to runc are: hooks after start and stop; processes that outlive init; whatever does not look as it should. It then
 * does all of it, or says what is wrong.
 */
export function runcDirect(parts: DirectParts): Direct {
  const { id, folder, init, spec, endsWithInit, hierarchies } = parts;
  let gone = false;
  const exited = init.exited.then(() => {
    gone = true;
  });
  return {
    start: async () => {
      if (gone || hasHooks(spec, 'poststart')) return false;
      return await openExecFifo(join(folder, 'exec.fifo'), exited);
    },
    remove: async () => {
      if (!gone || !endsWithInit || hasHooks(spec, 'poststop')) return false;
      const state = parseState(readState(folder), id, init.pid, hierarchies);
      if (state === undefined || !(await removeEmptyCgroups(state.cgroups))) return false;
      // Last, as while it is there runc can be asked to finish what was begun.
      rmSync(folder, { recursive: true });
      return true;
    },
  };
}

function hasHooks(spec: JsonObject, kind: 'poststart' | 'poststop'): boolean {
  const hooks = spec['hooks'] as Readonly<Record<string, unknown>> | null | undefined;
  const list = hooks?.[kind] ?? [];
  return !Array.isArray(list) || list.length > 0;
}

function readState(folder: string): string {
  try {
    return readFileSync(join(folder, 'state.json'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
