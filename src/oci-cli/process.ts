import { RuntimeError } from '../runtime/error.js';
import type { Exit, RuntimeProcess } from '../runtime/runtime.js';

/** Sets the size of a terminal in characters; the descriptor is its master side. */
export type SetWindowSize = (master: number, width: number, height: number) => void;

/** A process that crun or runc launched and that this process has adopted. */
export function adoptedProcess(
  pid: number,
  exited: Promise<Exit>,
  resize: (width: number, height: number) => void,
): RuntimeProcess {
  let gone = false;
  const noted = exited.then((exit) => {
    gone = true;
    return exit;
  });
  return {
    pid,
    exited: noted,
    signal: (signal) =>
      settled(() => {
        // Until it is collected its pid belongs to it; afterwards the pid may be anybody's.
        if (gone) throw new RuntimeError('not-found', `process ${pid} already finished`);
        checkSignal(signal);
        try {
          process.kill(pid, signal);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
          throw new RuntimeError('not-found', `process ${pid} already finished`, { cause: error });
        }
      }),
    resize,
  };
}

/** Does something now, and answers or fails later. */
function settled(act: () => void): Promise<void> {
  return new Promise((resolve) => {
    act();
    resolve();
  });
}

/** @throws RuntimeError invalid, unless Linux has the signal (signal(7), SIGRTMAX) */
export function checkSignal(signal: number): void {
  if (!Number.isInteger(signal) || signal < 1 || signal > 64) {
    throw new RuntimeError('invalid', `signal ${signal} is none of 1 to 64`);
  }
}
