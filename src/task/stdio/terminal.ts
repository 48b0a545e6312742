import type { Descriptor } from './descriptor.js';
import { MasterSocket } from './master.js';
import type { PipeMaker } from './pipe.js';
import { type Pump, pump } from './pump.js';
import type { Sink } from './sink.js';
import { pipeSource } from './source.js';

// In its usual mode a terminal takes Ctrl-D for the end of the input, and carriage return for newline (termios(3): VEOF, ICRNL).
const END_OF_FILE = 0x04;
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** The copying between the master of a pseudo-terminal and the client's ends. */
export interface Terminal {
  /** The master, until it is closed. */
  readonly master: number | undefined;
  /** Resolves when the terminal has nothing more to say and all of it was handed on; master, input and sink are closed then. */
  readonly done: Promise<void>;
  /** Closes the master, which hangs the terminal up, and ends the copying. */
  readonly stop: () => void;
}

export interface TerminalTools {
  readonly pipe: PipeMaker;
  readonly report: (error: Error) => void;
}

/**
 * Starts copying: from the master to `sink` (without one, output is read and thrown away, lest the program stall), and from
 * `input` to the master. Becomes the owner of master and input.
 */
export function startTerminal(
  master: Descriptor,
  input: Descriptor | undefined,
  sink: Sink | undefined,
  { pipe, report }: TerminalTools,
): Terminal {
  const sockets: MasterSocket[] = [];
  const output = pump(
    (onread) => {
      const opened = new MasterSocket(master, onread, pipe, report);
      sockets.push(opened);
      return opened;
    },
    (chunk, handedOn) => {
      if (sink === undefined) handedOn();
      else sink.write(chunk, handedOn);
    },
    report,
  );
  const [socket] = sockets;
  const typing = input && socket && startTyping(input, socket, report);
  const done = output.done.then(async () => {
    typing?.stop();
    await Promise.all([typing?.done, sink?.close()]);
  });
  return {
    get master() {
      return socket?.master;
    },
    done,
    stop: output.stop,
  };
}

/**
 * Copies what is typed. At its end, which only CloseIO brings about, the terminal gets its end-of-file character, as from
 * script(1). After an unfinished line that character only hands the line over (termios(3), VEOF), hence a second one.
 */
function startTyping(input: Descriptor, terminal: MasterSocket, report: (error: Error) => void): Pump {
  let last = NEWLINE;
  const { done, stop } = pump(
    (onread) => pipeSource(input, onread),
    (chunk, handedOn) => {
      last = chunk.at(-1) ?? last;
      terminal.write(chunk, () => {
        handedOn();
      });
    },
    report,
  );
  return {
    done: done.then(() => {
      if (terminal.destroyed) return;
      const lineIsEmpty = last === NEWLINE || last === CARRIAGE_RETURN || last === END_OF_FILE;
      terminal.write(Uint8Array.from(lineIsEmpty ? [END_OF_FILE] : [END_OF_FILE, END_OF_FILE]));
    }),
    stop,
  };
}
