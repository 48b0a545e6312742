import { fail } from './failure.js';
import { isWithin } from './jail.js';
import type { Process } from './process.js';
import type { SystemCalls } from './system-call.js';
import type { System } from './system.js';

const maxSignal = 128;

/** The processes that one process sees: those of its jail and of the jails in it. */
export function seenBy(viewer: Process): Process[] {
  return viewer.system.processes.list.filter(({ jail }) => isWithin(jail, viewer.jail));
}

function maySignal(sender: Process, target: Process): boolean {
  return sender.credential.uid === 0 || sender.credential.uid === target.credential.uid;
}

/** What a signal does to a process. */
export function deliver(system: System, target: Process, signal: number): void {
  const { signals: s } = system.bindings;
  if (signal === 0 || !target.alive) return;
  const ignored = [s.SIGCHLD, s.SIGURG, s.SIGWINCH, s.SIGINFO, s.SIGIO];
  if (signal === s.SIGCONT) {
    if (target.state !== 'stopped') return;
    target.state = 'running';
    target.unreported = s.SIGCONT;
    for (const waiting of target.pending.splice(0)) deliver(system, target, waiting);
  } else if (target.state === 'stopped' && signal !== s.SIGKILL) {
    target.pending.push(signal);
  } else if ([s.SIGSTOP, s.SIGTSTP, s.SIGTTIN, s.SIGTTOU].includes(signal)) {
    target.state = 'stopped';
    target.unreported = signal * 256 + 0x7f;
  } else if (!ignored.includes(signal) && (signal === s.SIGKILL || target.caught?.(signal) !== true)) {
    system.processes.end(target, signal);
  }
}

export const signalCalls: SystemCalls = {
  kill: ({ process, system }, args) => {
    const [pid, signal] = [args.int(0), args.int(1)];
    if (signal < 0 || signal > maxSignal) return fail('EINVAL');
    const seen = seenBy(process);
    const targets =
      pid > 0
        ? seen.filter((each) => each.pid === pid)
        : pid === -1
          ? seen.filter((each) => each !== process && each.pid > 1 && each.alive)
          : seen.filter((each) => each.group === (pid === 0 ? process.group : -pid));
    if (targets.length === 0) return fail('ESRCH');
    const allowed = targets.filter((target) => maySignal(process, target));
    if (allowed.length === 0) return fail('EPERM');
    for (const target of allowed) deliver(system, target, signal);
    return 0;
  },
};
