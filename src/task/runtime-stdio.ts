import type { ProcessStdio } from '../runtime/runtime.js';
import type { Stdio } from './stdio/stdio.js';

/** What a runtime needs of the stdio of a process. */
export function processStdio(stdio: Stdio, terminal: boolean): ProcessStdio {
  if (terminal) {
    return {
      terminal: true,
      attach: (master, slave) => {
        stdio.attachTerminal(master, slave);
      },
      master: () => stdio.master,
    };
  }
  if (stdio.child === undefined) throw new Error('stdio without descriptors for a process without terminal');
  return {
    terminal: false,
    fds: stdio.child,
    release: () => {
      stdio.releaseChildEnds();
    },
  };
}
