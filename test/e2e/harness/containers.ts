import { runArguments, type Containerd, type CtrOptions } from './containerd.js';
import { describe } from './program.js';

/** A process 1 that does nothing until it is killed. */
export const IDLE = ['sleep', '1000000'];

/** Starts a container that runs on in the background, its output thrown away. */
export async function startDetached(
  containerd: Containerd,
  id: string,
  command: readonly string[] = IDLE,
  flags: readonly string[] = ['--null-io'],
  options: CtrOptions = {},
): Promise<void> {
  await containerd.tell(runArguments(containerd, id, command, ['--detach', ...flags]), options);
}

/** Kills, if need be, and removes a container. @throws unless it is gone */
export async function remove(containerd: Containerd, id: string, options: CtrOptions = {}): Promise<void> {
  // Its exit status is the task's, so it does not tell whether this worked; the next command does.
  const deleted = await containerd.ctr(['task', 'delete', '--force', id], options);
  const outcome = await containerd.ctr(['container', 'delete', id], options);
  if (outcome.code !== 0) throw new Error(`${describe(outcome)}\nafter ${describe(deleted)}`);
}

/** A line of `ctr task list`. */
export interface TaskLine {
  readonly id: string;
  readonly pid: number;
  readonly status: string;
}

/** All tasks, sorted by id: containerd gives them in any order. */
export async function listTasks(containerd: Containerd, options: CtrOptions = {}): Promise<TaskLine[]> {
  const lines = (await containerd.tell(['task', 'list'], options)).split('\n').slice(1);
  const tasks = lines.map((line) => {
    const [id = '', pid = '', status = ''] = line.trim().split(/\s+/);
    return { id, pid: Number(pid), status };
  });
  return tasks.sort((one, other) => one.id.localeCompare(other.id));
}

/** RUNNING, PAUSED, STOPPED …; undefined if there is no such task. */
export async function statusOf(containerd: Containerd, id: string): Promise<string | undefined> {
  return (await listTasks(containerd)).find((task) => task.id === id)?.status;
}
