import { constants } from 'node:fs';
import { type Descriptor, type Descriptors, closeAll, openDescriptor } from './descriptor.js';
import { openProcessInput } from './fifo.js';
import { inputPath } from './input.js';
import { type Logger, startLogger } from './logger.js';
import { openOutput } from './output.js';
import { openPipe } from './pipe.js';
import { invalid } from './quote.js';
import { type Pump, pump } from './pump.js';
import { type StdioRequest, type StdioSettings, forStream, loggedProcess } from './request.js';
import { pipeSink } from './sink.js';
import { pipeSource } from './source.js';
import type { Stdio } from './stdio.js';
import { parseDestination } from './uri.js';

/** Output that the shim itself has to copy, from a pipe of the process to a FIFO. */
interface Copy {
  readonly source: Descriptor;
  readonly sink: Descriptor;
}

/** Where stdout and stderr of the process go; may be one descriptor. */
interface Outputs {
  readonly stdout: Descriptor;
  readonly stderr: Descriptor;
  readonly copies: readonly Copy[];
  readonly logger?: Logger;
}

/**
 * Opens the stdio of a process without a terminal. `owned` gets every descriptor; the caller closes it when this rejects.
 *
 * The process gets the FIFOs, files and logger pipes themselves, and the kernel moves all bytes. Only what an exec writes
 * to a FIFO is copied: Delete of an exec has to give the client its end of file while a grandchild may still hold the
 * output open, and only a pipe in between can be cut.
 */
export async function openProcessStdio(
  request: StdioRequest,
  settings: StdioSettings,
  owned: Descriptors,
): Promise<Stdio> {
  const nothing = owned.own(await openDescriptor('/dev/null', constants.O_RDWR));
  const input = await forStream('stdin', async () => {
    const path = inputPath(request.stdin, settings.pathMax);
    return path === undefined ? undefined : openProcessInput(path, settings.fifo, owned);
  });
  const { stdout, stderr, copies, logger } = await openOutputs(request, settings, nothing, owned);

  const child = [input?.reader ?? nothing, stdout, stderr] as const;
  const pumps = copies.map((copy) => startCopy(copy, settings.report));
  const drained = Promise.all(pumps.map(({ done }) => done)).then(() => undefined);

  const releaseChildEnds = () => {
    closeAll(input === undefined ? child : [stdout, stderr], settings.report);
  };
  const close = async () => {
    for (const { stop } of pumps) stop();
    await drained;
    owned.close(settings.report);
    await logger?.stop();
  };
  let closed: Promise<void> | undefined;
  return {
    child: [child[0].fd, child[1].fd, child[2].fd],
    releaseChildEnds,
    keepInput: () => input?.keep() ?? Promise.resolve(),
    attachTerminal() {
      throw new Error('attachTerminal: the process was asked for without a terminal');
    },
    master: undefined,
    processExited() {
      // The kernel tells: the last copy of an output's write end is closed.
    },
    closeStdin() {
      input?.end();
    },
    drained,
    close: () => (closed ??= close()),
  };
}

/** stdout decides: a logger or log file gets both streams, and so does a path that stderr names too. */
async function openOutputs(
  request: StdioRequest,
  settings: StdioSettings,
  nothing: Descriptor,
  owned: Descriptors,
): Promise<Outputs> {
  const copies: Copy[] = [];
  const open = async (value: string): Promise<Descriptor> => {
    const destination = parseDestination(value, settings.pathMax);
    if (destination.kind === 'null') return nothing;
    if (destination.kind === 'binary') throw invalid('only stdout can name a logger');
    const isExec = request.execId !== '';
    const { kind, writer } = await openOutput(
      destination,
      isExec ? 'copier' : 'process',
      settings.fifo,
      owned,
    );
    if (!isExec || kind === 'file') return writer;
    const pipe = openPipe(settings.pipe, owned, request.owner);
    copies.push({ source: pipe.read, sink: writer });
    return pipe.write;
  };

  const first = await forStream('stdout', async () => {
    const destination = parseDestination(request.stdout, settings.pathMax);
    if (destination.kind === 'binary') {
      return startLogger(destination, loggedProcess(request), settings, request.owner);
    }
    return { kind: destination.kind, stdout: await open(request.stdout) };
  });
  if ('stop' in first) {
    owned.own(first.stdout);
    owned.own(first.stderr);
    return { stdout: first.stdout, stderr: first.stderr, copies, logger: first };
  }
  const { kind, stdout } = first;
  const shared = kind === 'file' || request.stderr === request.stdout;
  const stderr = shared ? stdout : await forStream('stderr', () => open(request.stderr));
  return { stdout, stderr, copies };
}

/** A pump from a pipe to a FIFO. It is done when the FIFO's write end is closed too, which is the client's end of file. */
function startCopy({ source, sink: writer }: Copy, report: (error: Error) => void): Pump {
  const sink = pipeSink(writer, report);
  const { done, stop } = pump(
    (onread) => pipeSource(source, onread),
    (chunk, handedOn) => {
      sink.write(chunk, handedOn);
    },
    report,
  );
  return { done: done.then(() => sink.close()), stop };
}
