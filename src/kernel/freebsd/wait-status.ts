import type { Bindings } from '../bindings/types.js';

/** What became of a process: the macros of wait(2) over its status word. */
export type ProcessEvent =
  /** It has ended by itself. The kernel keeps 8 bits of the code. */
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: number; readonly core: boolean }
  | { readonly kind: 'stopped'; readonly signal: number }
  | { readonly kind: 'continued' };

// _WSTOPPED, WCOREFLAG and the status of WIFCONTINUED, of sys/wait.h
const stopped = 0x7f;
const coreFlag = 0x80;

/** Decodes a status as wait4(2) and wait6(2) give it. Throws a RangeError for what no kernel gives. */
export function decodeWaitStatus({ signals }: Bindings, status: number): ProcessEvent {
  if (!Number.isInteger(status) || status < 0 || status > 0xffff) {
    throw new RangeError(`wait status ${status}`);
  }
  if (status === signals.SIGCONT) return { kind: 'continued' };
  const low = status & 0x7f;
  const high = status >> 8;
  if (low === stopped) return { kind: 'stopped', signal: high };
  if (low === 0) return { kind: 'exited', code: high };
  return { kind: 'killed', signal: low, core: (status & coreFlag) !== 0 };
}

/** The exit status by which shells and containerd count: the code, or 128 plus the signal. */
export function exitStatusOf(event: Extract<ProcessEvent, { kind: 'exited' | 'killed' }>): number {
  return event.kind === 'exited' ? event.code : 128 + event.signal;
}
