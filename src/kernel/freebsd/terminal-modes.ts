import { readStruct } from '../layout.js';
import type { BatchBuilder, ResultOf, Step } from './batch-builder.js';
import { control } from './terminal.js';

/** What a terminal does with what goes through it: struct termios of sys/_termios.h. */
export interface TerminalModes {
  /** IXON, ICRNL and so on. */
  readonly input: number;
  /** OPOST, ONLCR and so on. */
  readonly output: number;
  /** CS8, CREAD and so on. */
  readonly control: number;
  /** ECHO, ICANON, ISIG and so on. */
  readonly local: number;
  /** NCCS bytes, by VEOF, VINTR and so on. */
  readonly characters: Uint8Array;
  readonly inputSpeed: number;
  readonly outputSpeed: number;
}

/** The modes of a terminal, by either side of it: TIOCGETA, which is tcgetattr(3). ENOTTY if it is no terminal. */
export function readTerminalModes(b: BatchBuilder, fd: number | ResultOf): Step<TerminalModes> {
  const { termios } = b.bindings.layouts;
  const at = b.arena.reserve(termios.size);
  const value = control(b, fd, 'TIOCGETA', { arena: at });
  return {
    value,
    decode: ({ arena }) => {
      const modes = readStruct(arena, at, termios);
      return {
        input: modes.c_iflag,
        output: modes.c_oflag,
        control: modes.c_cflag,
        local: modes.c_lflag,
        characters: modes.c_cc,
        inputSpeed: modes.c_ispeed,
        outputSpeed: modes.c_ospeed,
      };
    },
  };
}

/** Sets the modes of a terminal at once: TIOCSETA, which is tcsetattr(3) with TCSANOW. */
export function setTerminalModes(b: BatchBuilder, fd: number | ResultOf, modes: TerminalModes): Step<void> {
  const { constants, layouts } = b.bindings;
  const { length } = modes.characters;
  if (length !== constants.NCCS) throw new RangeError(`characters: ${length} bytes, not ${constants.NCCS}`);
  const at = b.arena.struct(layouts.termios, {
    c_iflag: modes.input,
    c_oflag: modes.output,
    c_cflag: modes.control,
    c_lflag: modes.local,
    c_cc: modes.characters,
    c_ispeed: modes.inputSpeed,
    c_ospeed: modes.outputSpeed,
  });
  return { value: control(b, fd, 'TIOCSETA', { arena: at }), decode: () => undefined };
}
