import { makePipe } from '../../../src/kernel/freebsd/descriptor.js';
import { close, open } from '../../../src/kernel/freebsd/file.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import type { StdioPaths } from '../../../src/task/process.js';
import type { Stdio } from '../../../src/task/stdio/stdio.js';
import type { Case } from '../../conformance/harness/case.js';
import type { Output } from './output.js';

/**
 * The stdio of a process of a machine that shares no file with this one. Its descriptors are of the process that makes
 * the calls of the case: for its input a file of that machine, for its output and errors a pipe, or a terminal for all
 * of them. FIFOs of the request mean nothing there.
 */
export async function machineStdio(c: Case, paths: StdioPaths, output: Output): Promise<Stdio> {
  return paths.terminal ? terminalStdio(c, output) : pipedStdio(c, paths.stdin, output);
}

async function pipedStdio(c: Case, stdin: string, output: Output): Promise<Stdio> {
  const { pipe, input } = await c.run((b) => ({
    pipe: makePipe(b),
    input: open(b, stdin === '' ? '/dev/null' : stdin),
  }));
  await output.follow(c, pipe.read, [pipe.write]);
  await c.run((b) => close(b, pipe.read));
  const release = closing(c, [input, pipe.write]);
  return {
    ...nothing,
    child: [input, pipe.write, pipe.write],
    releaseChildEnds: () => void release(),
    close: release,
  };
}

function terminalStdio(c: Case, output: Output): Stdio {
  let master: number | undefined;
  let following: Promise<void> | undefined;
  let release = (): Promise<void> => Promise.resolve();
  return {
    ...nothing,
    child: undefined,
    attachTerminal: (attached) => {
      master = attached;
      release = closing(c, [attached]);
      following = output.follow(c, attached);
    },
    get master() {
      return master;
    },
    close: async () => {
      await following;
      master = undefined;
      await release();
    },
  };
}

const nothing = {
  releaseChildEnds: () => undefined,
  keepInput: () => Promise.resolve(),
  attachTerminal: () => {
    throw new Error('no terminal was asked for');
  },
  master: undefined,
  processExited: () => undefined,
  closeStdin: () => undefined,
  drained: Promise.resolve(),
} as const;

/** Closes descriptors once, however often it is called. */
function closing(c: Case, descriptors: readonly number[]): () => Promise<void> {
  let closed: Promise<void> | undefined;
  return () => {
    closed ??= run(c.system, (b) => descriptors.map((fd) => close(b, fd))).then(() => undefined);
    return closed;
  };
}
