import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash, randomFillSync } from 'node:crypto';
import { closeSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setNonBlocking } from '../../../src/kernel/linux/descriptor.js';
import { createPipe } from '../../../src/kernel/linux/pipe.js';
import { hasHungUp } from '../../../src/kernel/linux/poll.js';
import { openLocalKernel } from '../../../src/kernel/local.js';
import {
  openStdio,
  type Stdio,
  type StdioOptions,
  type StdioRequest,
} from '../../../src/task/stdio/stdio.js';

export const kernel = openLocalKernel('koffi');

/** What goes to `report` in a test that expects none. */
export class Reports {
  readonly messages: string[] = [];
  readonly report = (error: Error): void => {
    this.messages.push(error.message);
  };
}

/** What `report` is in a test of which nothing may go wrong. */
export function raise(error: Error): never {
  throw error;
}

/** The options that the daemon gives, with the host's calls. */
export function options(more: Partial<StdioOptions> = {}): StdioOptions {
  return {
    pathMax: 4096,
    pipe: () => createPipe(kernel),
    fifo: {
      makeBlocking: (fd) => {
        setNonBlocking(kernel, fd, false);
      },
      hungUp: (fd) => hasHungUp(kernel, fd),
    },
    report: raise,
    ...more,
  };
}

/** A folder of the test, gone when the test is over. */
export function folder(test: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'stdio-test-'));
  test.after(() => {
    rmSync(path, { recursive: true });
  });
  return path;
}

export function makeFifo(path: string): string {
  execFileSync('mkfifo', ['-m', '0700', path]);
  return path;
}

/** A file with random bytes, and their SHA-256. */
export function randomFile(path: string, size: number): { path: string; digest: string } {
  const bytes = randomFillSync(Buffer.allocUnsafe(size));
  writeFileSync(path, bytes);
  return { path, digest: digest(bytes) };
}

export function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Opens the stdio of a test; it is closed when the test is over. */
export async function open(
  test: TestContext,
  request: Partial<StdioRequest>,
  more: Partial<StdioOptions> = {},
): Promise<Stdio> {
  const all = { namespace: 'ns', containerId: 'box', execId: '', stdin: '', stdout: '', stderr: '' };
  const stdio = await openStdio({ ...all, terminal: false, ...request }, options(more));
  test.after(() => stdio.close());
  return stdio;
}

/** Starts a program with the stdio, as a runtime does an exec: it runs at once. Killed when the test is over. */
export function run(test: TestContext, stdio: Stdio, script: string, ...args: string[]): Program {
  if (stdio.child === undefined) throw new Error('this stdio is a terminal');
  const program = start(test, [...stdio.child], script, args);
  stdio.releaseChildEnds();
  return program;
}

/** Creates and starts a program as a runtime does an init process: it runs only after its client was told of it. */
export async function createAndStart(test: TestContext, stdio: Stdio, script: string): Promise<Program> {
  const gate = createPipe(kernel);
  if (stdio.child === undefined) throw new Error('this stdio is a terminal');
  const program = start(test, [...stdio.child, gate.read], `read go <&3; exec 3<&-; ${script}`);
  closeSync(gate.read);
  stdio.releaseChildEnds();
  await stdio.keepInput();
  closeSync(gate.write);
  return program;
}

/** A program whose descriptors are the given ones, in a session of its own. Killed when the test is over. */
export function start(
  test: TestContext,
  fds: readonly number[],
  script: string,
  args: readonly string[] = [],
): Program {
  const program = new Program(
    spawn('sh', ['-c', script, 'sh', ...args], { stdio: [...fds], detached: true }),
  );
  test.after(() => {
    program.kill();
  });
  return program;
}

export class Program {
  /** The exit status, or the name of the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        resolve(signal ?? code ?? -1);
      });
    });
  }

  /** SIGKILL to it and to all that it left behind in its process group. */
  kill(): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
