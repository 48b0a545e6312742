import { RuntimeError } from '../../runtime/error.js';
import type { LoggedProcess, LoggerLimits } from './logger.js';
import type { FifoCalls } from './fifo.js';
import type { PipeMaker, PipeOwner } from './pipe.js';

/** The stdio part of a Create or Exec request, and whose it is. */
export interface StdioRequest {
  readonly namespace: string;
  readonly containerId: string;
  /** '' for the container's init process. */
  readonly execId: string;
  /** '' (no input), or the path of a FIFO. */
  readonly stdin: string;
  /** '' (thrown away), the path of a FIFO or file, or a URI: `fifo`, `file`, `binary`, `binary-v2`. */
  readonly stdout: string;
  /** As stdout; means nothing with a terminal, nor with a file or logger as stdout, which then gets both streams. */
  readonly stderr: string;
  readonly terminal: boolean;
  /** Owner of the pipes that the process gets (io_uid, io_gid of runc's options). */
  readonly owner?: PipeOwner;
}

/** What the module needs from its caller; the limits have defaults. */
export interface StdioOptions extends Partial<LoggerLimits> {
  /** PATH_MAX of the host: the bytes of a path with its final NUL. */
  readonly pathMax: number;
  /** Makes a pipe whose two ends are blocking and close-on-exec. */
  readonly pipe: PipeMaker;
  /** Two calls on FIFOs that Node lacks. */
  readonly fifo: FifoCalls;
  /** Told of what goes wrong later, when there is no call left that could fail. */
  readonly report: (error: Error) => void;
}

/** StdioOptions with the defaults filled in. */
export type StdioSettings = StdioOptions & LoggerLimits;

/** Names the process to its logger: an exec by its own id. */
export function loggedProcess({ namespace, containerId, execId }: StdioRequest): LoggedProcess {
  return { namespace, id: execId === '' ? containerId : execId };
}

/** Runs a step of opening, so that its error begins with the name of the stream; what the client is to blame for stays so. */
export async function forStream<T>(
  stream: 'stdin' | 'stdout' | 'stderr',
  step: () => Promise<T>,
): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    const kind = cause instanceof RuntimeError ? cause.kind : 'failed';
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new RuntimeError(kind, `${stream}: ${message}`, { cause });
  }
}
