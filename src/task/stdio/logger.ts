import type { ChildProcess } from 'node:child_process';
import { spawnChild } from '../../runtime/children.js';
import { type Descriptor, Descriptors } from './descriptor.js';
import { type PipeMaker, type PipeOwner, openPipe } from './pipe.js';
import { quote, reason } from './quote.js';
import { waitUntilReady } from './readiness.js';
import { resolvesWithin } from './time-limit.js';
import type { Destination } from './uri.js';

/** How long a logger may take, in milliseconds. */
export interface LoggerLimits {
  /** To say that it is ready. */
  readonly readyTimeoutMs: number;
  /** For an exit to follow a closed readiness pipe; see ReadinessRules. */
  readonly exitGraceMs: number;
  /** To end by itself after its pipes were closed. */
  readonly lingerMs: number;
  /** To end after SIGTERM. */
  readonly killTimeoutMs: number;
}

export interface LoggerOptions extends LoggerLimits {
  readonly pipe: PipeMaker;
  readonly report: (error: Error) => void;
}

/** Whose output is logged: CONTAINER_NAMESPACE and CONTAINER_ID of the logger. */
export interface LoggedProcess {
  readonly namespace: string;
  readonly id: string;
}

/** A running logger. Its pipes are the caller's to close: the end of file on both is what makes it end. */
export interface Logger {
  /** Write end of the logger's descriptor 3. */
  readonly stdout: Descriptor;
  /** Write end of the logger's descriptor 4. */
  readonly stderr: Descriptor;
  /** To be called when both ends are closed: waits for the logger's end, and helps it with signals when it takes too long. */
  stop(): Promise<void>;
}

/** After SIGKILL only a process stuck in the kernel stays; nobody shall wait for it longer than this. */
const KILLED_MS = 1000;

/**
 * Starts the program of a `binary://` URI: descriptors 3 and 4 to read stdout and stderr from, 5 to say that it is ready;
 * 0, 1 and 2 are /dev/null. Its environment is the two variables that name the process, and nothing of the shim's.
 * Rejects with what the program did instead of getting ready; it is dead then.
 */
export async function startLogger(
  { program, args, strict }: Extract<Destination, { kind: 'binary' }>,
  logged: LoggedProcess,
  options: LoggerOptions,
  owner?: PipeOwner,
): Promise<Logger> {
  const name = `logger ${quote(program)}`;
  const owned = new Descriptors();
  try {
    const stdout = openPipe(options.pipe, owned, owner);
    const stderr = openPipe(options.pipe, owned, owner);
    const ready = openPipe(options.pipe, owned);

    const child = spawnChild(program, args, {
      // NODE_V8_COVERAGE: Node copies its own into every environment that does not have the key.
      env: {
        CONTAINER_ID: logged.id,
        CONTAINER_NAMESPACE: logged.namespace,
        NODE_V8_COVERAGE: undefined,
      },
      // The shim's own may be a bundle that was removed long ago.
      cwd: '/',
      stdio: ['ignore', 'ignore', 'ignore', stdout.read.fd, stderr.read.fd, ready.write.fd],
    });
    const ended = outcome(child);
    for (const theirs of [stdout.read, stderr.read, ready.write]) theirs.close();

    try {
      await waitUntilReady(ready.read, ended, { strict, ...options });
    } catch (error) {
      child.kill('SIGKILL');
      await resolvesWithin(ended, KILLED_MS);
      throw error;
    }
    return running(name, child, ended, { stdout: stdout.write, stderr: stderr.write }, options);
  } catch (error) {
    owned.close(options.report);
    throw new Error(`${name} ${reason(error)}`, { cause: error });
  }
}

/** How the process ended, as the rest of a sentence; a failed start (execve) counts as an end. */
function outcome(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.on('error', (error) => {
      resolve(`failed: ${reason(error)}`);
    });
    child.once('exit', (code, signal) => {
      resolve(signal === null ? `exited with status ${code ?? 0}` : `was killed by ${signal}`);
    });
  });
}

function running(
  name: string,
  child: ChildProcess,
  ended: Promise<string>,
  pipes: Pick<Logger, 'stdout' | 'stderr'>,
  { report, lingerMs, killTimeoutMs }: LoggerOptions,
): Logger {
  let stopping = false;
  void ended.then((how) => {
    if (!stopping && child.exitCode !== 0) report(new Error(`${name} ${how}; output is lost from then on`));
  });
  return {
    ...pipes,
    async stop() {
      stopping = true;
      if (await resolvesWithin(ended, lingerMs)) return;
      child.kill('SIGTERM');
      if (await resolvesWithin(ended, killTimeoutMs)) return;
      child.kill('SIGKILL');
      const dead = await resolvesWithin(ended, KILLED_MS);
      report(new Error(`${name} ${dead ? 'had to be killed' : 'survived SIGKILL'}: SIGTERM did not end it`));
    },
  };
}
