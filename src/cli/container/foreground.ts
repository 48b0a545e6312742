import { join } from 'node:path';
import type { Context } from '../command.js';
import { isGone, methods, type Task } from '../daemon/task.js';
import { CliError } from '../error.js';
import { bundleOf } from '../places.js';
import { makeFifos } from '../stdio/fifos.js';
import { lendTerminal } from '../stdio/terminal.js';
import type { Engine } from './engine.js';
import { dropFailed, finish } from './finish.js';
import { launch } from './launch.js';
import type { Made } from './make.js';
import { joinProcess, type Joined } from './process.js';

/**
 * Runs a container with this program's streams, until it ends; one of `--rm` is removed then. The lock is released.
 *
 * @returns its exit code
 */
export async function runInForeground(
  context: Context,
  engine: Engine,
  { container, lock }: Made,
): Promise<number> {
  const { id, settings } = container;
  const { terminal, interactive } = settings;
  const fifos = makeFifos(join(bundleOf(engine.places, id), 'stdio'), { stdin: interactive, terminal });
  const lent = lendTerminal();
  let joined: Joined | undefined;
  let task: Task | undefined;
  try {
    task = await launch(engine, container, fifos, (created) => {
      fifos.opened();
      joined = joinProcess({ context, task: created, fifos, terminal, interactive, lent });
    });
    const exitStatus = await endOf(task, id);
    await joined?.drained;
    joined?.close();
    await finish(engine, container, task);
    return exitStatus;
  } catch (error) {
    await dropFailed(engine, container);
    throw error;
  } finally {
    joined?.close();
    task?.close();
    fifos.remove();
    lock.release();
  }
}

/** Waits for the end of a container's first process. @throws CliError when the daemon ends first */
export async function endOf(task: Task, id: string): Promise<number> {
  try {
    return (await task.call(methods.Wait)).exitStatus;
  } catch (error) {
    if (!isGone(error)) throw error;
    throw new CliError(`container ${id.slice(0, 12)}: its daemon ended before it did; it was killed with it`);
  }
}
