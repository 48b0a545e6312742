import { constants } from 'node:os';

const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const;
const patience = 3;

/**
 * From now on signals are for the process in the container. Its first process is not ended by a signal that it does not
 * handle (pid_namespaces(7)), so whoever insists, with the third SIGINT or SIGTERM, has it killed.
 *
 * @param send told of the signal's number; what it throws is its own affair
 * @returns ends the forwarding
 */
export function forwardSignals(send: (signal: number) => void): () => void {
  let asked = 0;
  const handlers = forwarded.map((name) => {
    const handler = (): void => {
      if (name === 'SIGINT' || name === 'SIGTERM') asked += 1;
      send(asked >= patience ? constants.signals.SIGKILL : constants.signals[name]);
    };
    process.on(name, handler);
    return [name, handler] as const;
  });
  return () => {
    for (const [name, handler] of handlers) process.off(name, handler);
  };
}

/** Reads `TERM`, `SIGTERM` or `15`. @returns undefined when it is no signal of this system */
export function signalNumber(word: string): number | undefined {
  const upper = word.toUpperCase();
  if (/^\d{1,3}$/.test(upper)) {
    const number = Number(upper);
    return number > 0 && number <= 128 ? number : undefined;
  }
  const name = upper.startsWith('SIG') ? upper : `SIG${upper}`;
  return Object.entries(constants.signals).find(([each]) => each === name)?.[1];
}
