import {
  TaskCreate,
  TaskDelete,
  TaskExecAdded,
  TaskExecStarted,
  TaskExit,
  TaskOOM,
  TaskPaused,
  TaskResumed,
  TaskStart,
} from '../proto/generated/messages.js';
import type { MessageType } from '../proto/codec.js';
import { pack } from '../proto/any.js';
import type { ContainerKey } from '../runtime/key.js';
import type { Exit, RootfsMount } from '../runtime/runtime.js';
import type { TaskEvent } from './events.js';
import type { Process, StdioPaths } from './process.js';
import { exitTime } from './state.js';

function event<T>(topic: string, type: MessageType<T>, value: Partial<T>): TaskEvent {
  return { topic, event: pack(type, value) };
}

export function created(
  key: ContainerKey,
  bundle: string,
  rootfs: readonly RootfsMount[],
  io: StdioPaths,
  pid: number,
): TaskEvent {
  return event('/tasks/create', TaskCreate, {
    containerId: key.id,
    bundle,
    rootfs: rootfs.map((mount) => ({ ...mount, options: [...mount.options] })),
    io: { stdin: io.stdin, stdout: io.stdout, stderr: io.stderr, terminal: io.terminal },
    pid,
  });
}

export const started = (key: ContainerKey, pid: number): TaskEvent =>
  event('/tasks/start', TaskStart, { containerId: key.id, pid });

export const execAdded = (key: ContainerKey, execId: string): TaskEvent =>
  event('/tasks/exec-added', TaskExecAdded, { containerId: key.id, execId });

export const execStarted = (key: ContainerKey, execId: string, pid: number): TaskEvent =>
  event('/tasks/exec-started', TaskExecStarted, { containerId: key.id, execId, pid });

/** The id of the exit event of init is the container's, that of an exec its own. */
export const exited = (key: ContainerKey, execId: string, pid: number, exit: Exit): TaskEvent =>
  event('/tasks/exit', TaskExit, {
    containerId: key.id,
    id: execId === '' ? key.id : execId,
    pid,
    exitStatus: exit.status,
    exitedAt: exitTime(exit),
  });

export const deleted = (key: ContainerKey, init: Process): TaskEvent =>
  event('/tasks/delete', TaskDelete, {
    containerId: key.id,
    pid: init.pid,
    exitStatus: init.exit?.status ?? 0,
    exitedAt: exitTime(init.exit),
  });

export const oom = (key: ContainerKey): TaskEvent => event('/tasks/oom', TaskOOM, { containerId: key.id });

export const paused = (key: ContainerKey): TaskEvent =>
  event('/tasks/paused', TaskPaused, { containerId: key.id });

export const resumed = (key: ContainerKey): TaskEvent =>
  event('/tasks/resumed', TaskResumed, { containerId: key.id });
