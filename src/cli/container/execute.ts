import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { layeredTree } from '../../image/tree/layered.js';
import { OCI_PROCESS, packJson } from '../../proto/any.js';
import type { Context } from '../command.js';
import { isGone, isUnknown, methods, type Task } from '../daemon/task.js';
import { CliError } from '../error.js';
import { bundleOf } from '../places.js';
import { mergeEnvironment } from '../spec/environment.js';
import { freebsdProcess } from '../spec/freebsd.js';
import { linuxProcess } from '../spec/linux.js';
import type { Container } from '../state/containers.js';
import { makeFifos } from '../stdio/fifos.js';
import { lendTerminal } from '../stdio/terminal.js';
import type { Engine } from './engine.js';
import { refusal } from './launch.js';
import { joinProcess, type Joined } from './process.js';
import { withTask } from './stop.js';
import { numericUser } from './user-files.js';

/** A process to be run in a container that runs. */
export interface Execution {
  readonly args: readonly string[];
  readonly terminal: boolean;
  readonly interactive: boolean;
  readonly env: readonly string[];
  /** absent, as the container's first process: its user and directory */
  readonly user: string | undefined;
  readonly workingDirectory: string | undefined;
}

/** Of the OCI configuration that the container was made with. */
interface FirstProcess {
  readonly user: { readonly uid: number; readonly gid: number };
  readonly env: readonly string[];
  readonly cwd: string;
}

/** Runs a process with this program's streams, until it ends. @returns its exit code */
export async function executeIn(
  context: Context,
  engine: Engine,
  container: Container,
  execution: Execution,
): Promise<number> {
  const { terminal, interactive } = execution;
  const execId = randomBytes(8).toString('hex');
  return await withTask(engine, container, async (task) => {
    const folder = join(bundleOf(engine.places, container.id), `exec-${execId}`);
    const spec = packJson(OCI_PROCESS, await processOf(engine, container, execution, task));
    const fifos = makeFifos(folder, { stdin: interactive, terminal });
    const lent = lendTerminal();
    let joined: Joined | undefined;
    let made = false;
    try {
      const { stdin, stdout, stderr } = fifos;
      await task.call(methods.Exec, { execId, terminal, stdin, stdout, stderr, spec });
      made = true;
      const end = task.call(methods.Wait, { execId });
      end.catch(() => undefined); // awaited below, unless the start fails before
      await task.call(methods.Start, { execId });
      fifos.opened();
      joined = joinProcess({ context, task, fifos, terminal, interactive, lent, execId });
      const { exitStatus } = await end;
      await joined.drained;
      return exitStatus;
    } catch (error) {
      throw refusal(error);
    } finally {
      joined?.close();
      fifos.remove();
      if (made) await forget(task, execId);
    }
  });
}

async function processOf(
  engine: Engine,
  { id, name }: Container,
  { args, terminal, env, user, workingDirectory }: Execution,
  task: Task,
): Promise<Record<string, unknown>> {
  const path = join(bundleOf(engine.places, id), 'config.json');
  const { process: first } = JSON.parse(readFileSync(path, 'utf8')) as { process: FirstProcess };
  const cwd = workingDirectory ?? first.cwd;
  if (!cwd.startsWith('/')) throw new CliError(`--workdir: ${JSON.stringify(cwd)} is no absolute path`);
  const common = { args, terminal, env: mergeEnvironment(first.env, env), workingDirectory: cwd };
  if (process.platform === 'freebsd') {
    const made = freebsdProcess({ ...common, user: user ?? '' });
    return user === undefined ? { ...made, user: first.user } : made;
  }
  if (user === undefined)
    return {
      ...linuxProcess({ ...common, numericUser: { ...first.user, additionalGids: [] } }),
      user: first.user,
    };
  // The files as they are now, which the container may have changed: seen through its first process.
  const { pid } = await task.call(methods.State);
  if (pid === 0) throw new CliError(`container ${name} does not run any more`);
  return linuxProcess({ ...common, numericUser: numericUser(user, layeredTree([`/proc/${pid}/root`])) });
}

/** The daemon may have forgotten it already, with the container. */
async function forget(task: Task, execId: string): Promise<void> {
  try {
    await task.call(methods.Delete, { execId });
  } catch (error) {
    if (!isUnknown(error) && !isGone(error)) throw error;
  }
}
