import type { Child } from '../../kernel/child.js';
import { isKernelError } from '../../kernel/error.js';
import { run, type FreeBSD } from '../../kernel/freebsd/run.js';
import { sendSignal } from '../../kernel/freebsd/signal.js';
import { setTerminalSize } from '../../kernel/freebsd/terminal.js';
import { RuntimeError } from '../../runtime/error.js';
import type { ProcessStdio, RuntimeProcess } from '../../runtime/runtime.js';

// _SIG_MAXSIG of sys/_sigset.h
const greatestSignal = 128;

/** What a process of a jail needs of the daemon. */
export interface RunningTools {
  readonly system: FreeBSD;
  /** told of what nobody waits for */
  readonly report: (error: Error) => void;
}

/** A child as the Task service sees it, from the moment that it is there. */
export function runningProcess(
  { system, report }: RunningTools,
  { pid, exited }: Child,
  stdio: ProcessStdio,
): RuntimeProcess {
  let gone = false;
  const noted = exited.then((exit) => {
    gone = true;
    return exit;
  });
  const failed = (error: unknown): void => {
    report(error instanceof Error ? error : new Error(String(error)));
  };
  return {
    pid,
    exited: noted,
    signal: async (signal) => {
      // Nobody has been told of its end yet, so that the pid is its own. Afterwards it may be anybody's.
      if (gone) throw new RuntimeError('not-found', `process ${pid} already finished`);
      if (!Number.isInteger(signal) || signal < 1 || signal > greatestSignal) {
        throw new RuntimeError('invalid', `signal ${signal} is none of 1 to ${greatestSignal}`);
      }
      const sent = await run(system, (b) => b.attempt(() => sendSignal(b, pid, signal)));
      if (!isKernelError(sent)) return;
      if (sent.code !== 'ESRCH') throw sent;
      throw new RuntimeError('not-found', `process ${pid} already finished`, { cause: sent });
    },
    resize: (columns, rows) => {
      const master = stdio.terminal ? stdio.master() : undefined;
      if (master === undefined) return;
      run(system, (b) => setTerminalSize(b, master, { rows, columns })).catch(failed);
    },
  };
}
