import { Descriptor, type Descriptors, closeAll } from './descriptor.js';
import { openInputFifo } from './fifo.js';
import { inputPath } from './input.js';
import { type Logger, startLogger } from './logger.js';
import { openOutput } from './output.js';
import { type StdioRequest, type StdioSettings, forStream, loggedProcess } from './request.js';
import { type Sink, fileSink, pipeSink } from './sink.js';
import type { Stdio } from './stdio.js';
import { type Terminal, startTerminal } from './terminal.js';
import { parseDestination } from './uri.js';

/** Where the output of a terminal goes: undefined means that it is read and thrown away. */
interface Output {
  readonly sink: Sink | undefined;
  readonly logger: Logger | undefined;
}

/** Opens the stdio of a process with a terminal. `owned` gets every descriptor; the caller closes it when this rejects. */
export async function openTerminalStdio(
  request: StdioRequest,
  settings: StdioSettings,
  owned: Descriptors,
): Promise<Stdio> {
  const { report } = settings;
  const input = await forStream('stdin', async () => {
    const path = inputPath(request.stdin, settings.pathMax);
    return path === undefined ? undefined : openInputFifo(path, owned);
  });
  const { sink, logger } = await forStream('stdout', () => openTerminalOutput(request, settings, owned));

  let terminal: Terminal | undefined;
  let slaveKeeper: Descriptor | undefined;
  let closed: Promise<void> | undefined;

  const attachTerminal = (master: number, slave?: number): void => {
    const given = [master, slave].filter((fd) => fd !== undefined).map((fd) => new Descriptor(fd));
    const [ours, keeper] = given;
    try {
      if (ours === undefined || terminal !== undefined) throw new Error('a terminal was attached before');
      if (closed !== undefined) throw new Error('the stdio was closed before its terminal came');
      terminal = startTerminal(ours, input?.reader, sink, settings);
    } catch (error) {
      closeAll(given, report);
      throw error;
    }
    slaveKeeper = keeper;
  };

  const close = async (): Promise<void> => {
    slaveKeeper?.close();
    terminal?.stop();
    await terminal?.done;
    await sink?.close();
    owned.close(report);
    await logger?.stop();
  };

  return {
    child: undefined,
    releaseChildEnds() {
      // The process has no descriptor of ours.
    },
    keepInput: () => Promise.resolve(),
    attachTerminal,
    get master() {
      return terminal?.master;
    },
    processExited() {
      slaveKeeper?.close();
    },
    closeStdin() {
      input?.keeper.close();
    },
    get drained() {
      return terminal?.done ?? Promise.resolve();
    },
    close: () => (closed ??= close()),
  };
}

async function openTerminalOutput(
  request: StdioRequest,
  settings: StdioSettings,
  owned: Descriptors,
): Promise<Output> {
  const destination = parseDestination(request.stdout, settings.pathMax);
  if (destination.kind === 'null') return { sink: undefined, logger: undefined };
  if (destination.kind === 'binary') {
    const logger = await startLogger(destination, loggedProcess(request), settings, request.owner);
    owned.own(logger.stdout);
    logger.stderr.close();
    return { sink: pipeSink(logger.stdout, settings.report), logger };
  }
  const { kind, writer } = await openOutput(destination, 'copier', settings.fifo, owned);
  const make = kind === 'file' ? fileSink : pipeSink;
  return { sink: make(writer, settings.report), logger: undefined };
}
