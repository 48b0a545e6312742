import type { Stdio } from '../../../src/task/stdio/stdio.js';
import { openNull } from '../../model/children.js';
import type { Process } from '../../model/process.js';

/** The stdio of a process of a simulated machine: descriptors of the daemon's, or what takes a terminal. */
export function simulatedStdio(daemon: Process, terminal: boolean): Stdio {
  const open = new Set<number>();
  const openOne = (): number => {
    const fd = daemon.descriptors.add(openNull(daemon), true);
    open.add(fd);
    return fd;
  };
  const child = terminal ? undefined : ([openOne(), openOne(), openOne()] as const);
  let master: number | undefined;
  const close = (): void => {
    // A daemon that has died holds nothing.
    for (const fd of open) if (daemon.alive) daemon.descriptors.close(fd);
    open.clear();
    master = undefined;
  };
  return {
    child,
    releaseChildEnds: terminal ? () => undefined : close,
    keepInput: () => Promise.resolve(),
    attachTerminal: (given) => {
      open.add(given);
      master = given;
    },
    get master() {
      return master;
    },
    processExited: () => undefined,
    closeStdin: () => undefined,
    drained: Promise.resolve(),
    close: () => {
      close();
      return Promise.resolve();
    },
  };
}
