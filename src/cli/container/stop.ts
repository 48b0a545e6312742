import { constants } from 'node:os';
import { findTask, isGone, isUnknown, methods, type Task } from '../daemon/task.js';
import { CliError } from '../error.js';
import type { Container } from '../state/containers.js';
import { signalNumber } from '../stdio/signals.js';
import { stateOf } from './describe.js';
import type { Engine } from './engine.js';
import { hasEnded } from './settle.js';

/** Does something with the task of a container that runs. @throws CliError if it does not */
export async function withTask<T>(
  engine: Engine,
  container: Container,
  work: (task: Task) => Promise<T>,
): Promise<T> {
  const { name } = container;
  const task = stateOf(container) === 'running' ? findTask(engine.places, container.id) : undefined;
  if (task === undefined) throw new CliError(`container ${name} does not run: see jailer ps -a`);
  try {
    return await work(task);
  } catch (error) {
    if (!isGone(error) && !isUnknown(error)) throw error;
    throw new CliError(`container ${name} does not run any more`, undefined, { cause: error });
  } finally {
    task.close();
  }
}

/** Sends a signal to a container's first process. @throws CliError */
export async function signalContainer(engine: Engine, container: Container, word: string): Promise<void> {
  const signal = signalNumber(word);
  if (signal === undefined) throw new CliError(`${JSON.stringify(word)} is no signal, as TERM or 15 is`);
  await withTask(engine, container, (task) => task.call(methods.Kill, { signal }));
}

/** Ends a container: by its stop signal, and after some seconds by force. One that has ended is left alone. */
export async function stopContainer(engine: Engine, container: Container, seconds: number): Promise<void> {
  if (stateOf(container) !== 'running') return;
  await withTask(engine, container, async (task) => {
    const end = task.call(methods.Wait);
    const signal = signalNumber(container.settings.stopSignal) ?? constants.signals.SIGTERM;
    await kill(task, signal, false);
    if (await withinTime(end, seconds)) return;
    await kill(task, constants.signals.SIGKILL, true);
    await end;
  });
  await hasEnded(engine, container);
}

/** What has ended meanwhile needs no signal. */
async function kill(task: Task, signal: number, all: boolean): Promise<void> {
  try {
    await task.call(methods.Kill, { signal, all });
  } catch (error) {
    if (!isUnknown(error)) throw error;
  }
}

async function withinTime(end: Promise<unknown>, seconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => {
      resolve(false);
    }, seconds * 1000);
  });
  try {
    return await Promise.race([end.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
