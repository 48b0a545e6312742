import { Status, type StateResponse, type Timestamp } from '../proto/generated/messages.js';
import { fromMilliseconds, NOT_YET } from '../proto/timestamp.js';
import type { Exit } from '../runtime/runtime.js';
import type { Container } from './container.js';
import type { Process } from './process.js';

/** When it ended, or Go's zero time while it has not: containerd reads an absent time as 1970. */
export function exitTime(exit: Exit | undefined): Timestamp {
  return exit === undefined ? { ...NOT_YET } : fromMilliseconds(exit.at);
}

const statuses = { created: Status.CREATED, running: Status.RUNNING, stopped: Status.STOPPED } as const;
const pauses = { pausing: Status.PAUSING, paused: Status.PAUSED } as const;

/** What State answers. An exec that runs in a paused container is as paused as the container. */
export function stateOf(container: Container, process: Process): StateResponse {
  const { pause } = container;
  const status = process.state === 'running' && pause !== 'no' ? pauses[pause] : statuses[process.state];
  return {
    id: process.execId === '' ? container.key.id : process.execId,
    bundle: container.bundle,
    pid: process.pid,
    status,
    stdin: process.paths.stdin,
    stdout: process.paths.stdout,
    stderr: process.paths.stderr,
    terminal: process.paths.terminal,
    exitStatus: process.exit?.status ?? 0,
    exitedAt: exitTime(process.exit),
    execId: process.execId,
  };
}
