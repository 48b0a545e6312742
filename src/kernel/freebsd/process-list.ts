import { isKernelError } from '../error.js';
import type { BatchBuilder, Step } from './batch-builder.js';
import { checkInteger, checkPositive } from './check.js';
import { readProcessInfos, type ProcessInfo } from './process-info.js';
import { run, type FreeBSD } from './run.js';
import { readSysctlList } from './sysctl.js';

// A list of this many processes is read at once; longer ones need the question how long they are.
const firstCapacity = 256;

// So many lists may have outgrown their buffer in a row: each has then room for twice as many.
const maxTries = 8;

/**
 * Reads the processes that the caller sees, threads not told apart: sysctl(3) kern.proc.proc. On the host these are
 * all, zombies too; in a jail those of the jail and of jails in it.
 *
 * @param capacity how many there is room for; ENOMEM if there are more
 */
export function readProcesses(b: BatchBuilder, capacity: number): Step<ProcessInfo[]> {
  const { CTL_KERN, KERN_PROC, KERN_PROC_PROC } = b.bindings.constants;
  const length = checkInteger('capacity', capacity, 1, 65_536) * b.bindings.layouts.kinfo_proc.size;
  const list = readSysctlList(b, [CTL_KERN, KERN_PROC, KERN_PROC_PROC], length, 'kern.proc.proc');
  return { value: list.value, decode: (outcome) => readProcessInfos(b.bindings, list.decode(outcome).bytes) };
}

/** What the kernel says of one process: sysctl(3) kern.proc.pid. ESRCH if the caller does not see it. */
export function readProcess(b: BatchBuilder, pid: number): Step<ProcessInfo> {
  const { CTL_KERN, KERN_PROC, KERN_PROC_PID } = b.bindings.constants;
  const mib = [CTL_KERN, KERN_PROC, KERN_PROC_PID, checkPositive('pid', pid)];
  const list = readSysctlList(b, mib, b.bindings.layouts.kinfo_proc.size, `process ${pid}`);
  return {
    value: list.value,
    decode: (outcome) => {
      const [info] = readProcessInfos(b.bindings, list.decode(outcome).bytes);
      // The kernel leaves out what is on its way out, without an error.
      if (info === undefined) throw new Error(`kern.proc.pid: process ${pid}: no answer`);
      return info;
    },
  };
}

/**
 * The processes that the caller sees, by no order that means something. One round trip, unless there are very many.
 *
 * @param jails only those in one of these jails, by their jids
 */
export async function listProcesses(system: FreeBSD, jails?: readonly number[]): Promise<ProcessInfo[]> {
  // 0 is the host.
  jails?.forEach((jid, index) => checkInteger(`jails[${index}]`, jid, 0, 0x7fff_ffff));
  let capacity = firstCapacity;
  for (let tries = 1; ; tries++) {
    const room = capacity;
    const found = await run(system, (b) => b.attempt(() => readProcesses(b, room)));
    if (!isKernelError(found)) {
      return jails === undefined ? found : found.filter(({ jid }) => jails.includes(jid));
    }
    if (found.code !== 'ENOMEM' || tries === maxTries) throw found;
    // The list may go on growing, faster than it can be asked how long it is.
    capacity *= 2;
  }
}
