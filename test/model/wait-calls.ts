import { WouldBlock } from './blocking.js';
import { fail } from './failure.js';
import type { CallContext } from './open-file.js';
import type { Process } from './process.js';
import type { SystemCalls } from './system-call.js';
import type { System } from './system.js';

interface Report {
  readonly child: Process;
  readonly status: number;
}

/** The next child of which something is to be told, or undefined if nothing is yet. */
function next(candidates: readonly Process[], stops: boolean, continues: boolean): Report | undefined {
  for (const child of candidates) {
    if (!child.alive) return { child, status: child.status };
    const { unreported } = child;
    if (unreported === undefined) continue;
    if ((unreported & 0xff) === 0x7f ? stops : continues) return { child, status: unreported };
  }
  return undefined;
}

function wait(
  context: CallContext,
  candidates: readonly Process[],
  options: number,
  keep: boolean,
  exits = true,
): Report | undefined {
  const { constants: c } = context.system.bindings;
  if (candidates.length === 0) fail('ECHILD');
  const chosen = exits ? candidates : candidates.filter(({ alive }) => alive);
  const report = next(chosen, (options & c.WUNTRACED) !== 0, (options & c.WCONTINUED) !== 0);
  if (report === undefined) {
    if ((options & c.WNOHANG) === 0) throw new WouldBlock('a wait for a child');
    return undefined;
  }
  if (!keep) {
    report.child.unreported = undefined;
    if (!report.child.alive) context.system.processes.collect(report.child);
  }
  return report;
}

/** What siginfo says of a status. */
function reason({ bindings }: System, status: number): { si_code: number; si_status: number } {
  const { constants: c, signals } = bindings;
  if (status === signals.SIGCONT) return { si_code: c.CLD_CONTINUED, si_status: status };
  if ((status & 0xff) === 0x7f) return { si_code: c.CLD_STOPPED, si_status: status >> 8 };
  if ((status & 0x7f) === 0) return { si_code: c.CLD_EXITED, si_status: status >> 8 };
  return { si_code: (status & 0x80) === 0 ? c.CLD_KILLED : c.CLD_DUMPED, si_status: status & 0x7f };
}

export const waitCalls: SystemCalls = {
  wait4: (context, args) => {
    const { memory, process, system } = context;
    const pid = args.int(0);
    const children = system.processes.childrenOf(process);
    const group = pid === 0 ? process.group : -pid;
    const candidates =
      pid > 0
        ? children.filter((child) => child.pid === pid)
        : children.filter((child) => !child.hidden && (pid === -1 || child.group === group));
    const report = wait(context, candidates, args.int(2), false);
    if (report === undefined) return 0;
    if (args.address(1) !== 0n) memory.setI32(args.address(1), report.status);
    return report.child.pid;
  },
  wait6: (context, args) => {
    const { memory, process, system } = context;
    const { constants: c, layouts } = system.bindings;
    const [type, id, options] = [args.int(0), args.long(1), args.int(3)];
    if ((options & (c.WEXITED | c.WUNTRACED | c.WCONTINUED | c.WTRAPPED)) === 0) return fail('EINVAL');
    const matches: Readonly<Record<number, (child: Process) => boolean>> = {
      [c.P_PID]: (child) => child.pid === id,
      [c.P_PGID]: (child) => child.group === id,
      [c.P_SID]: (child) => child.session.id === id,
      [c.P_UID]: (child) => child.credential.uid === id,
      [c.P_JAILID]: (child) => child.jail.jid === id,
      [c.P_ALL]: (child) => !child.hidden,
    };
    const match = matches[type] ?? fail('EINVAL');
    const candidates = system.processes.childrenOf(process).filter(match);
    const keep = (options & c.WNOWAIT) !== 0;
    const report = wait(context, candidates, options, keep, (options & c.WEXITED) !== 0);
    if (report === undefined) return 0;
    const { child, status } = report;
    if (args.address(2) !== 0n) memory.setI32(args.address(2), status);
    if (args.address(4) !== 0n) memory.at(args.address(4), layouts.__wrusage.size).fill(0);
    if (args.address(5) !== 0n) {
      memory.at(args.address(5), layouts.__siginfo.size).fill(0);
      memory.setFields(args.address(5), layouts.__siginfo, {
        si_signo: system.bindings.signals.SIGCHLD,
        ...reason(context.system, status),
        si_pid: child.pid,
        si_uid: child.credential.uid,
      });
    }
    return child.pid;
  },
};
