import { Descriptor, type Descriptors } from './descriptor.js';
import { openInputFifo } from './fifo.js';
import { inputPath } from './input.js';
import { type Logger, startLogger } from './logger.js';
import { MasterSocket } from './master.js';
import { openOutput } from './output.js';
import { type Pump, pump } from './pump.js';
import { type StdioRequest, type StdioSettings, forStream, loggedProcess } from './request.js';
import { type Sink, fileSink, pipeSink } from './sink.js';
import { pipeSource } from './source.js';
import type { Stdio } from './stdio.js';
import { parseDestination } from './uri.js';

/** Ctrl-D: what a terminal in its usual mode takes for the end of the input (VEOF, termios(3)). */
const endOfFile = Uint8Array.of(4);

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
    const path = inputPath(request.stdin);
    return path === undefined ? undefined : openInputFifo(path, owned);
  });
  const { sink, logger } = await forStream('stdout', () => openTerminalOutput(request, settings, owned));

  let terminal: MasterSocket | undefined;
  let output: Pump | undefined;
  let typing: Pump | undefined;
  let closed: Promise<void> | undefined;
  let finish: () => void = () => undefined;
  const drained = new Promise<void>((resolve) => {
    finish = resolve;
  });

  const attachTerminal = (master: number): void => {
    const descriptor = owned.own(new Descriptor(master));
    if (closed !== undefined) {
      descriptor.close();
      return;
    }
    output = pump(
      (onread) => (terminal = new MasterSocket(descriptor, onread, settings.pipe, report)),
      (chunk, done) => {
        if (sink === undefined) done();
        else sink.write(chunk, done);
      },
      report,
    );
    void output.done.then(async () => {
      await sink?.close();
      finish();
    });
    if (input === undefined) return;
    const keyboard = terminal;
    typing = pump(
      (onread) => pipeSource(input.reader, onread),
      (chunk, done) => {
        keyboard?.write(Buffer.from(chunk), () => {
          done();
        });
      },
      report,
    );
    // The input ends only after CloseIO, as the keeper stands for a client until then.
    void typing.done.then(() => {
      if (keyboard !== undefined && !keyboard.destroyed) keyboard.write(endOfFile);
    });
  };

  const close = async (): Promise<void> => {
    typing?.stop();
    output?.stop();
    await typing?.done;
    await output?.done;
    await sink?.close();
    finish();
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
      // The kernel tells: reading the master fails with EIO when nobody holds the terminal open.
    },
    closeStdin() {
      input?.keeper.close();
    },
    get drained() {
      return output === undefined ? Promise.resolve() : drained;
    },
    close: () => (closed ??= close()),
  };
}

async function openTerminalOutput(
  request: StdioRequest,
  settings: StdioSettings,
  owned: Descriptors,
): Promise<Output> {
  const destination = parseDestination(request.stdout);
  if (destination.kind === 'null') return { sink: undefined, logger: undefined };
  if (destination.kind === 'binary') {
    const logger = await startLogger(destination, loggedProcess(request), settings, request.owner);
    owned.own(logger.stdout);
    logger.stderr.close();
    return { sink: pipeSink(logger.stdout, settings.report), logger };
  }
  const { kind, writer } = await openOutput(destination, 'copier', owned);
  const make = kind === 'file' ? fileSink : pipeSink;
  return { sink: make(writer, settings.report), logger: undefined };
}
