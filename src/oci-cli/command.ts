import { readFile, rm } from 'node:fs/promises';
import type { LocalKernel } from '../kernel/kernel.js';
import { spawnProgram } from '../kernel/linux/spawn.js';
import { RuntimeError } from '../runtime/error.js';
import type { Program } from './program.js';
import type { Reaper } from './reaper.js';

type Descriptor = number | 'null';

/** What running a program takes. */
export interface CommandTools {
  readonly kernel: LocalKernel;
  readonly reaper: Reaper;
}

export interface Invocation {
  /** for messages: what the program was asked to do, as "create" */
  readonly action: string;
  readonly args: readonly string[];
  /** where the program writes its log, of which only the last error is read; made and removed here */
  readonly logPath: string;
  readonly stdio?: readonly [Descriptor, Descriptor, Descriptor];
  /** called as soon as the program has its own copies of the descriptors of `stdio`, or will never have them */
  readonly spawned?: () => void;
}

/**
 * Runs crun or runc to its end.
 *
 * @throws RuntimeError failed: "OCI runtime create failed: …" with the program's own last error, in which
 *   clients look for texts such as "executable file not found"
 */
export async function invoke(
  { kernel, reaper }: CommandTools,
  program: Program,
  invocation: Invocation,
): Promise<void> {
  const { action, logPath, stdio = ['null', 'null', 'null'] } = invocation;
  const exits = reaper.launch();
  try {
    const pid = spawnProgram(kernel, {
      file: program.file,
      argv: [
        program.name,
        ...program.globalArgs,
        '--log',
        logPath,
        '--log-format',
        'json',
        ...invocation.args,
      ],
      environment: program.environment,
      directory: '/',
      stdio,
    });
    invocation.spawned?.();
    const { status } = await exits.claim(pid);
    if (status === 0) return;
    const said = await lastError(logPath);
    const why = said === undefined ? `${program.name} ended with status ${status}` : reasonIn(said, action);
    await rm(logPath, { force: true });
    const kind = /no space left on device|disk quota exceeded/i.test(why) ? 'exhausted' : 'failed';
    throw new RuntimeError(kind, `OCI runtime ${action} failed: ${why}`);
  } finally {
    exits.end();
  }
}

/** runc begins with what failed, as in "runc create failed: " or "exec failed: ", which is said here already. */
function reasonIn(message: string, action: string): string {
  const said = [`runc ${action} failed: `, `${action} failed: `].find((words) => message.startsWith(words));
  return message.slice(said?.length ?? 0);
}

/** The message of the last line of level error or worse of a JSON log, or undefined. */
export async function lastError(logPath: string): Promise<string | undefined> {
  let text: string;
  try {
    text = await readFile(logPath, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  let last: string | undefined;
  for (const line of text.split('\n')) {
    const entry = parseEntry(line);
    if (entry !== undefined && ['error', 'fatal', 'panic'].includes(entry.level)) last = entry.message;
  }
  return last;
}

/** One line of the log; a line that is cut off or no JSON is not an error of ours. */
function parseEntry(line: string): { level: string; message: string } | undefined {
  try {
    const { level, msg } = JSON.parse(line) as { level?: unknown; msg?: unknown };
    return typeof level === 'string' && typeof msg === 'string' ? { level, message: msg.trim() } : undefined;
  } catch {
    return undefined;
  }
}
