import { clockGettime } from './clock.js';
import { cpusetCalls } from './cpuset-calls.js';
import { descriptorCalls } from './descriptor-calls.js';
import { eventCalls } from './kqueue.js';
import { fileCalls } from './file-calls.js';
import { jailCalls } from './jail-calls.js';
import { moduleCalls } from './module-calls.js';
import { nmount } from './nmount.js';
import { processCalls } from './process-calls.js';
import { rctlCalls } from './rctl-calls.js';
import { socketCalls } from './sockets.js';
import { statfsCalls } from './statfs.js';
import { sysctl } from './sysctl.js';
import type { SystemCalls } from './system-call.js';
import { unmount } from './unmount.js';

/** All calls of the model, by their names in libc. */
export const calls: SystemCalls = {
  ...jailCalls,
  ...fileCalls,
  ...descriptorCalls,
  ...statfsCalls,
  ...processCalls,
  ...socketCalls,
  ...eventCalls,
  ...rctlCalls,
  ...cpusetCalls,
  ...moduleCalls,
  sysctl,
  clock_gettime: clockGettime,
  nmount: (context, args) => nmount(context, args.address(0), args.int(1), args.int(2)),
  unmount: (context, args) => unmount(context, args.address(0), args.int(1)),
};
