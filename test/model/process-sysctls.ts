import { bootTime } from './sysctl-names.js';
import { fail } from './failure.js';
import type { CallContext } from './open-file.js';
import type { Process } from './process.js';
import { seenBy } from './signal-calls.js';
import type { System } from './system.js';

/** kern.proc: the lists of processes. */
export function addProcessSysctls(system: System): void {
  system.sysctls.add('kern.proc', { read: (context, rest) => read(context, rest), isNode: true });
}

function read(context: CallContext, [kind, id]: readonly number[]): Uint8Array {
  const { constants: c } = context.system.bindings;
  const seen = seenBy(context.process);
  switch (kind) {
    case c.KERN_PROC_ALL:
    case c.KERN_PROC_PROC:
      return Buffer.concat(seen.map((each) => kinfo(context, each)));
    case c.KERN_PROC_PID:
      return kinfo(context, seen.find(({ pid }) => pid === id) ?? fail('ESRCH'));
    default:
      return fail('EINVAL');
  }
}

function kinfo({ process: viewer, system }: CallContext, process: Process): Uint8Array {
  const { constants: c, layouts } = system.bindings;
  const layout = layouts.kinfo_proc;
  const bytes = new Uint8Array(layout.size);
  const view = new DataView(bytes.buffer);
  const { fields } = layout;
  const setInt = (field: { readonly offset: number }, value: number): void => {
    view.setInt32(field.offset, value, true);
  };
  setInt(fields.ki_structsize, layout.size);
  setInt(fields.ki_pid, process.pid);
  setInt(fields.ki_ppid, process.parent?.pid ?? 0);
  setInt(fields.ki_pgid, process.group);
  setInt(fields.ki_sid, process.session.id);
  setInt(fields.ki_uid, process.credential.uid);
  // Nobody is told of the jail that he is in himself.
  setInt(fields.ki_jid, process.jail === viewer.jail ? 0 : process.jail.jid);
  setInt(fields.ki_numthreads, 1);
  const awake = process === viewer ? c.SRUN : c.SSLEEP;
  bytes[fields.ki_stat.offset] = { running: awake, stopped: c.SSTOP, zombie: c.SZOMB }[process.state];
  view.setBigInt64(fields.ki_start_sec.offset, bootTime + BigInt(process.pid), true);
  if (process.alive) {
    view.setBigInt64(fields.ki_rssize.offset, 100n, true);
    view.setBigUint64(fields.ki_size.offset, 0x100_0000n, true);
    view.setBigUint64(fields.ki_runtime.offset, process.runtime, true);
  }
  bytes.set(Buffer.from(process.command).subarray(0, c.MAXCOMLEN), fields.ki_comm.offset);
  bytes.set(Buffer.from(process.session.login), fields.ki_login.offset);
  return bytes;
}
