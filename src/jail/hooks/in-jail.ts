import { randomBytes } from 'node:crypto';
import { isKernelError } from '../../kernel/error.js';
import { close, open, openTemporarily, remove, write } from '../../kernel/freebsd/file.js';
import { run, type FreeBSD } from '../../kernel/freebsd/run.js';
import type { Exit, ProcessStdio } from '../../runtime/runtime.js';
import type { Hook } from '../plan/hooks.js';
import type { ProcessPlan } from '../plan/process.js';
import { launchProcess, type LaunchTools } from '../process/launch.js';
import type { HookEnd, HookRunner } from './run.js';

const sigkill = 9;

/**
 * Runs hooks in a jail, as its root and in its "/". What they write goes nowhere.
 *
 * @param folder of the host, where a hook's state is for the moment in which it is opened
 */
export function jailHookRunner(tools: LaunchTools, jid: number, folder: string): HookRunner {
  return async (hook, state, timeout) => {
    const stdio = await openStdio(tools, folder, state);
    try {
      const process = await launchProcess(tools, { jid, plan: planOf(hook) }, stdio);
      const limit = { exceeded: false };
      const timer = setTimeout(() => {
        limit.exceeded = true;
        process.signal(sigkill).catch(tools.report);
      }, timeout);
      const exit = await process.exited;
      clearTimeout(timer);
      return endOf(exit, limit.exceeded ? timeout : undefined);
    } finally {
      stdio.release();
    }
  };
}

function endOf({ status }: Exit, limit: number | undefined): HookEnd {
  if (limit !== undefined) return { failure: `took more than ${limit / 1000} s`, stderr: '' };
  return { failure: status === 0 ? undefined : `exited with status ${status}`, stderr: '' };
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

/** The state to read, and /dev/null to write to. */
async function openStdio(
  { system, report }: LaunchTools,
  folder: string,
  state: string,
): Promise<ProcessStdio & { readonly terminal: false }> {
  const descriptors = await openDescriptors(system, `hook-${randomBytes(12).toString('hex')}`, folder, state);
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
): Promise<[number, number, number]> {
  const path = `${folder}/${name}`;
  try {
    const { input, output, error } = await run(system, (b) => {
      const directory = openTemporarily(b, folder, { directory: true });
      const file = openTemporarily(b, path, { access: 'write', create: { mode: 0o600, exclusive: true } });
      const written = write(b, file, Buffer.from(state), path);
      const opened = {
        input: open(b, path),
        output: open(b, '/dev/null', { access: 'write' }),
        error: open(b, '/dev/null', { access: 'write' }),
      };
      return { written, ...opened, removed: remove(b, directory, name, { object: path }) };
    });
    return [input, output, error];
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
