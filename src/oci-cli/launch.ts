import { readFile } from 'node:fs/promises';
import type { LocalKernel } from '../kernel/kernel.js';
import { closeDescriptor } from '../kernel/linux/descriptor.js';
import { openPeer, setWindowSize } from '../kernel/linux/terminal.js';
import { RuntimeError } from '../runtime/error.js';
import type { ProcessStdio, RuntimeProcess } from '../runtime/runtime.js';
import type { GracePeriods } from './cgroup/grace-period.js';
import { invoke, type CommandTools } from './command.js';
import { openConsoleSocket } from './console.js';
import { adoptedProcess } from './process.js';
import type { Program } from './program.js';

export interface LaunchTools extends CommandTools {
  readonly gracePeriods: GracePeriods;
  /** a folder with a short path, for console sockets */
  readonly folder: string;
}

export interface LaunchRequest {
  readonly program: Program;
  readonly action: 'create' | 'exec';
  /** arguments before those that are added here */
  readonly args: readonly string[];
  readonly id: string;
  readonly pidFile: string;
  readonly logPath: string;
  readonly stdio: ProcessStdio;
}

/**
 * Runs `create` or `exec` of crun or runc, and adopts the process that it leaves behind.
 *
 * @throws RuntimeError; no process and no descriptor is left then
 */
export async function launch(tools: LaunchTools, request: LaunchRequest): Promise<RuntimeProcess> {
  const { kernel } = tools;
  const { program, action, args, id, pidFile, logPath, stdio } = request;
  const console = stdio.terminal ? openConsoleSocket(kernel, tools.folder) : undefined;
  const exits = tools.reaper.launch();
  const ended = tools.gracePeriods.begin();
  try {
    await invoke(tools, program, {
      action,
      args: [
        action,
        ...args,
        '--pid-file',
        pidFile,
        ...(console === undefined ? [] : ['--console-socket', console.path]),
        id,
      ],
      logPath,
      ...(stdio.terminal
        ? {}
        : {
            stdio: stdio.fds,
            spawned: () => {
              stdio.release();
            },
          }),
    });
    const pid = await readPid(pidFile);
    const exited = exits.claim(pid);
    if (stdio.terminal && console !== undefined) attach(kernel, stdio, console.receive());
    return adoptedProcess(pid, exited, (columns, rows) => {
      const master = stdio.terminal ? stdio.master() : undefined;
      if (master !== undefined) setWindowSize(kernel, master, { rows, columns });
    });
  } finally {
    ended();
    exits.end();
    console?.close();
  }
}

/** An init(8) closes its console after each message: the slave that is kept tells such a moment from the end. */
function attach(kernel: LocalKernel, stdio: Extract<ProcessStdio, { terminal: true }>, master: number): void {
  let slave: number;
  try {
    slave = openPeer(kernel, master);
  } catch (error) {
    closeDescriptor(kernel, master);
    throw error;
  }
  stdio.attach(master, slave);
}

async function readPid(path: string): Promise<number> {
  const text = await readFile(path, 'utf8');
  const pid = Number(text);
  if (!Number.isInteger(pid) || pid <= 0) throw new RuntimeError('failed', `${path}: ${text} is no pid`);
  return pid;
}
