import { readFileSync } from 'node:fs';
import type { Mount } from '../../proto/generated/messages.js';
import { cleanUp, reserve } from '../daemon/launcher.js';
import { connectTask, methods, type Task } from '../daemon/task.js';
import { CliError, exitCodes } from '../error.js';
import { bundleOf } from '../places.js';
import type { Container } from '../state/containers.js';
import { reason } from '../../runtime/error.js';
import type { Engine } from './engine.js';
import { rootMountsFile } from './make.js';

/** Where the streams of a container's first process go: paths of FIFOs, `file://` URIs, or '' for nowhere. */
export interface Streams {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Has the daemon run a container whose lock the caller has.
 *
 * @param created called between its creation and its start: the daemon has its streams open then
 * @throws CliError with the exit code for it; the container can be started again
 */
export async function launch(
  engine: Engine,
  { id, settings }: Container,
  streams: Streams,
  created: (task: Task) => Promise<void> | void,
): Promise<Task> {
  engine.containers.setPhase(id, 'starting');
  let task: Task | undefined;
  try {
    const rootfs = JSON.parse(readFileSync(rootMountsFile(engine, id), 'utf8')) as Mount[];
    task = connectTask(await reserve(engine.places, id), id);
    const bundle = bundleOf(engine.places, id);
    await task.call(methods.Create, { bundle, rootfs, terminal: settings.terminal, ...streams });
    await created(task);
    await task.call(methods.Start);
  } catch (error) {
    task?.close();
    const why = refusal(error);
    try {
      await cleanUp(engine.places, id);
    } catch (failure) {
      throw new CliError(`${why.message}; and ${reason(failure)}`, undefined, { cause: error });
    }
    engine.containers.setPhase(id, 'made');
    throw why;
  }
  engine.containers.setStarted(id, Date.now());
  return task;
}

// In the words of crun, of runc, and of the runtime of jails.
const notFound =
  /executable file.* not found|open executable: no such file|exec: "[^"]*": (?:stat .*)?(?:no such file|not a directory)/i;
const cannotExecute =
  /exec format error|exec: .*: (?:permission denied|is a directory)|open executable: permission denied/i;

/** What the daemon says of a program that is not there, or cannot be executed, becomes the exit code for it. */
export function refusal(error: unknown): Error {
  if (error instanceof CliError) return error;
  const message = reason(error);
  const code = notFound.test(message)
    ? exitCodes.notFound
    : cannotExecute.test(message)
      ? exitCodes.cannotExecute
      : exitCodes.failed;
  return new CliError(message, code, { cause: error });
}
