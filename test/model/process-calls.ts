import { credentialCalls } from './credential-calls.js';
import { execve } from './execve.js';
import { fail } from './failure.js';
import { limitCalls } from './limit-calls.js';
import { procctl } from './procctl.js';
import { signalCalls } from './signal-calls.js';
import type { SystemCalls } from './system-call.js';
import { waitCalls } from './wait-calls.js';

/** Processes: what they are, how they end, who waits for them. */
export const processCalls: SystemCalls = {
  ...credentialCalls,
  ...limitCalls,
  ...signalCalls,
  ...waitCalls,
  procctl,
  execve,
  getpid: ({ process }) => process.pid,
  // Also in a jail it is the pid on the host.
  getppid: ({ process }) => process.parent?.pid ?? 0,
  _exit: ({ process, system }, args) => {
    system.processes.end(process, (args.int(0) & 0xff) << 8);
    return 0;
  },
  // Only what containers need to be told: jailed root may not lower its nice value.
  setpriority: ({ process, system }, args) => {
    if (args.int(2) < 0 && (process.credential.uid !== 0 || process.jail !== system.jails.host)) {
      return fail('EACCES');
    }
    return 0;
  },
};
