import { closeSync, constants, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeFifo } from '../kernel.js';

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** The FIFOs between this program and a process in a container; '' for a stream that there is not. */
export interface Fifos {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  /** Takes this program's end of a FIFO, to be closed by who took it. */
  take(path: string): number;
  /** Says that the daemon has them open: from now on they end when the process's side does. */
  opened(): void;
  /** Closes what was not taken, and removes their names; whoever has them open goes on. */
  remove(): void;
}

/**
 * Makes a folder with the FIFOs of a process, and opens this program's ends of them before anybody else's. A FIFO without
 * anybody at its other end would be at its end, or could not be opened: until the daemon is there, it is this program
 * itself. A terminal has no stderr of its own.
 *
 * @throws Error naming the path
 */
export function makeFifos(folder: string, wanted: { stdin: boolean; terminal: boolean }): Fifos {
  const own = new Map<string, number>();
  const others: number[] = [];
  const remove = (): void => {
    for (const fd of [...own.values(), ...others]) closeSync(fd);
    own.clear();
    others.length = 0;
    rmSync(folder, { recursive: true, force: true });
  };
  const make = (name: string, output: boolean): string => {
    const path = join(folder, name);
    makeFifo(path, 0o600);
    const reader = openSync(path, O_RDONLY | O_NONBLOCK);
    if (output) own.set(path, reader);
    else others.push(reader);
    const writer = openSync(path, O_WRONLY | O_NONBLOCK);
    if (output) others.push(writer);
    else own.set(path, writer);
    return path;
  };
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  try {
    return {
      stdin: wanted.stdin ? make('stdin', false) : '',
      stdout: make('stdout', true),
      stderr: wanted.terminal ? '' : make('stderr', true),
      take: (path) => {
        const fd = own.get(path);
        if (fd === undefined) throw new Error(`${path}: its end was taken already`);
        own.delete(path);
        return fd;
      },
      opened: () => {
        for (const fd of others.splice(0)) closeSync(fd);
      },
      remove,
    };
  } catch (error) {
    remove();
    throw error;
  }
}
