import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeFifo } from '../kernel.js';

/** The FIFOs between this program and a process in a container; '' for a stream that there is not. */
export interface Fifos {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  /** Removes their names; whoever has them open goes on. */
  remove(): void;
}

/** Makes a folder with the FIFOs of a process. A terminal has no stderr of its own. @throws Error naming the path */
export function makeFifos(folder: string, { stdin, terminal }: { stdin: boolean; terminal: boolean }): Fifos {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  const make = (name: string, wanted: boolean): string => {
    if (!wanted) return '';
    const path = join(folder, name);
    makeFifo(path, 0o600);
    return path;
  };
  return {
    stdin: make('stdin', stdin),
    stdout: make('stdout', true),
    stderr: make('stderr', !terminal),
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
