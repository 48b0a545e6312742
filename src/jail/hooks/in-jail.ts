import { randomBytes } from 'node:crypto';
import { isKernelError } from '../../kernel/error.js';
import { close, open, openTemporarily, remove, write } from '../../kernel/freebsd/file.js';
import { run, type FreeBSD } from '../../kernel/freebsd/run.js';
import type { Exit, ProcessStdio, RuntimeProcess } from '../../runtime/runtime.js';
import type { Hook } from '../plan/hooks.js';
import type { ProcessPlan } from '../plan/process.js';
import { launchProcess, type LaunchTools } from '../process/launch.js';
import { defaultPatience, within } from '../process/patience.js';
import type { HookRunner } from './run.js';
import { openWritten, type Written } from './written.js';

const sigkill = 9;

/**
 * Runs hooks in a jail, as its root and in its "/". The end of what they write to their standard error is kept, the rest
 * goes nowhere.
 *
 * @param folder of the host, where a hook's state is for the moment in which it is opened
 */
export function jailHookRunner(tools: LaunchTools, jid: number, folder: string): HookRunner {
  return async (hook, state, timeout) => {
    const written = await openWritten(tools.system);
    const stdio = await openStdio(tools, folder, state, written).catch(async (error: unknown) => {
      await written.close();
      await closeAll(tools.system, [written.fd]);
      throw error;
    });
    try {
      const process = await launchProcess(tools, { jid, plan: planOf(hook) }, stdio);
      const exit = exitWithin(tools, process, timeout);
      // A hook whose words are lost has done its work all the same.
      const stderr = await written.until(exit).catch((error: unknown) => {
        tools.report(error instanceof Error ? error : new Error(String(error)));
        return '';
      });
      return { failure: failureOf(await exit, timeout), stderr };
    } finally {
      stdio.release();
      await written.close();
    }
  };
}

/** Its end; undefined if it had to be killed, as it took more than so many milliseconds. */
async function exitWithin(
  { report, patience = defaultPatience }: LaunchTools,
  process: RuntimeProcess,
  timeout: number,
): Promise<Exit | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, timeout, undefined);
  });
  const exit = await Promise.race([process.exited, late]);
  clearTimeout(timer);
  if (exit !== undefined) return exit;
  await process.signal(sigkill).catch(report);
  await within(patience, process.exited, `a hook that was killed, process ${process.pid}, has not ended`);
  return undefined;
}

function failureOf(exit: Exit | undefined, timeout: number): string | undefined {
  if (exit === undefined) return `took more than ${timeout / 1000} s`;
  return exit.status === 0 ? undefined : `exited with status ${exit.status}`;
}

function planOf({ path, args, env }: Hook): ProcessPlan {
  return {
    // It is found by its path, whatever it is to be called.
    args: [path, ...args.slice(1)],
    env,
    cwd: '/',
    user: { kind: 'ids', uid: 0, gid: 0 },
    additionalGids: [],
    umask: 0o022,
    terminal: false,
    consoleSize: undefined,
    rlimits: [],
    noNewPrivileges: false,
  };
}

/** The state to read, /dev/null to write to, and a pipe for errors. */
async function openStdio(
  { system, report }: LaunchTools,
  folder: string,
  state: string,
  errors: Written,
): Promise<ProcessStdio & { readonly terminal: false }> {
  const name = `hook-${randomBytes(12).toString('hex')}`;
  const descriptors = [...(await openDescriptors(system, name, folder, state)), errors.fd] as const;
  let open = true;
  return {
    terminal: false,
    fds: descriptors,
    release: () => {
      if (!open) return;
      open = false;
      closeAll(system, descriptors).catch(report);
    },
  };
}

async function openDescriptors(
  system: FreeBSD,
  name: string,
  folder: string,
  state: string,
): Promise<[input: number, output: number]> {
  const path = `${folder}/${name}`;
  try {
    const { input, output } = await run(system, (b) => {
      const directory = openTemporarily(b, folder, { directory: true });
      const file = openTemporarily(b, path, { access: 'write', create: { mode: 0o600, exclusive: true } });
      const written = write(b, file, Buffer.from(state), path);
      const opened = {
        input: open(b, path),
        output: open(b, '/dev/null', { access: 'write' }),
      };
      return { written, ...opened, removed: remove(b, directory, name, { object: path }) };
    });
    return [input, output];
  } catch (error) {
    await run(system, (b) =>
      b.attempt(() => remove(b, openTemporarily(b, folder, { directory: true }), name)),
    );
    throw error;
  }
}

async function closeAll(system: FreeBSD, descriptors: readonly number[]): Promise<void> {
  const closed = await run(system, (b) => descriptors.map((fd) => b.attempt(() => close(b, fd))));
  const mistake = closed.find((outcome) => isKernelError(outcome, 'EBADF'));
  if (mistake !== undefined) throw mistake;
}
