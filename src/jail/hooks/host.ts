import type { ChildProcess } from 'node:child_process';
import { childExit, spawnChild } from '../../runtime/children.js';
import type { Hook } from '../plan/hooks.js';
import type { HookEnd } from './run.js';

/** How much of the end of a hook's standard error is kept, in bytes. */
const keptOutput = 2048;

/** Milliseconds that others may keep the standard error of a failed hook open. */
const outputGrace = 1000;

/**
 * Runs a hook on the host, as the leader of a process group of its own: what it leaves behind when its time is up is
 * killed with it. Its environment is what the spec has and nothing of the shim's; its directory is "/".
 *
 * @throws Error when it cannot be executed, naming it
 */
export async function runHostHook(hook: Hook, state: string, timeout: number): Promise<HookEnd> {
  const [argv0, ...args] = hook.args;
  const child = spawnChild(hook.path, args, {
    argv0,
    // NODE_V8_COVERAGE: Node copies its own into every environment that does not have the key.
    env: { NODE_V8_COVERAGE: undefined, ...environment(hook.env) },
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const output = collectStderr(child);
  // A hook need not read its state: a pipe that nobody reads breaks.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(state);
  const limit = killAfter(timeout, child);
  try {
    const { code, signal } = await childExit(child, hook.path);
    limit.stop();
    if (code === 0) return { failure: undefined, stderr: '' };
    await output.closedWithin(outputGrace);
    const failure = limit.exceeded() ? `took more than ${timeout / 1000} s` : endOf(code, signal);
    return { failure, stderr: output.text() };
  } finally {
    limit.stop();
    child.stdin?.destroy();
    child.stderr?.destroy();
  }
}

function endOf(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `exited with status ${code ?? 0}` : `was killed by ${signal}`;
}

function environment(env: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    env.map((entry) => {
      const equals = entry.indexOf('=');
      return [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
}

function killAfter(milliseconds: number, child: ChildProcess): { exceeded(): boolean; stop(): void } {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    killGroup(child);
  }, milliseconds);
  return {
    exceeded: () => late,
    stop: () => {
      clearTimeout(timer);
    },
  };
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // The last of the group has just ended.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

interface Output {
  text(): string;
  /** resolves when nothing more can come, or when the time is up */
  closedWithin(milliseconds: number): Promise<void>;
}

function collectStderr({ stderr }: ChildProcess): Output {
  let kept = Buffer.alloc(0);
  const closed = new Promise<void>((resolve) => {
    stderr?.on('data', (chunk: Buffer) => (kept = Buffer.concat([kept, chunk]).subarray(-keptOutput)));
    stderr?.once('close', resolve);
    stderr?.on('error', () => undefined);
  });
  return {
    text: () => kept.toString(),
    closedWithin: async (milliseconds) => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
      await Promise.race([closed, late]);
      clearTimeout(timer);
    },
  };
}
