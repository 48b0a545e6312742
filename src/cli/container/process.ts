import { constants } from 'node:os';
import type { Context } from '../command.js';
import { isGone, isUnknown, methods, type Task } from '../daemon/task.js';
import { attach } from '../stdio/attach.js';
import type { Fifos } from '../stdio/fifos.js';
import { forwardSignals } from '../stdio/signals.js';
import type { LentTerminal } from '../stdio/terminal.js';

export interface Joining {
  readonly context: Context;
  readonly task: Task;
  readonly fifos: Fifos;
  readonly terminal: boolean;
  readonly interactive: boolean;
  readonly lent: LentTerminal;
  /** absent: the container's first process */
  readonly execId?: string;
}

/** This program's streams and signals, joined with a process's. */
export interface Joined {
  /** Resolves when all that the process wrote has been written here. */
  readonly drained: Promise<void>;
  close(): void;
}

/** Joins this program with a process that the daemon has created, and whose FIFOs it has open therefore. */
export function joinProcess({
  context,
  task,
  fifos,
  terminal,
  interactive,
  lent,
  execId = '',
}: Joining): Joined {
  /** What the end of the process has made pointless is no error. */
  const ask = (what: string, call: Promise<unknown>): void => {
    call.catch((error: unknown) => {
      if (!isUnknown(error) && !isGone(error) && !over) context.tell(`jailer: ${what}: ${String(error)}`);
    });
  };
  let over = false;
  const kill = (signal: number): void => {
    ask(`signal ${signal}`, task.call(methods.Kill, { signal, execId }));
  };
  // Who writes to a pipe that nobody reads is ended; the first process of a container is spared all other signals.
  const attached = attach(fifos, () => {
    kill(constants.signals.SIGKILL);
  });
  void attached.inputEnded.then(() => {
    ask('end of input', task.call(methods.CloseIO, { stdin: true, execId }));
  });
  if (terminal) {
    lent.follow((width, height) => {
      ask('terminal size', task.call(methods.ResizePty, { width, height, execId }));
    });
    if (interactive) lent.raw();
  }
  const stopForwarding = forwardSignals(kill);
  return {
    drained: attached.drained,
    close: () => {
      over = true;
      lent.restore();
      stopForwarding();
      attached.close();
    },
  };
}
