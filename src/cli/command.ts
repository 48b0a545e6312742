import type { Places } from './places.js';
import type { ReportProgress } from '../image/progress.js';
import type { Values } from './options.js';

/** An option of a command. From this, parsing, help and completion come. */
export interface Option {
  /** as in `--name` */
  readonly name: string;
  /** one letter, as in `-n` */
  readonly short?: string;
  /** a flag has no value; a list may be given several times */
  readonly kind: 'flag' | 'text' | 'list';
  /** what the value is called in help: `NAME`, or the words to choose from: `json|table` */
  readonly value?: string;
  readonly help: string;
}

/** Something that `jailer` does. */
export interface Command {
  /** the words behind the options, for help: `IMAGE [COMMAND [ARGUMENT...]]` */
  readonly operands: string;
  /** how many of them there may be */
  readonly count: { readonly least: number; readonly most: number };
  /** whether what follows the first operand is a program's own, options and all */
  readonly stopsAtOperand?: boolean;
  /** whether Ctrl-C is to end its work in good order, by the context's signal */
  readonly stops?: boolean;
  /** what is completed as an operand */
  readonly completes?: 'containers' | 'images';
  readonly options: readonly Option[];
  /** command lines and what they do */
  readonly examples: readonly (readonly [string, string])[];
  /** @returns the exit code */
  run(context: Context, values: Values, operands: readonly string[]): Promise<number>;
}

/** What every command gets. */
export interface Context {
  readonly places: Places;
  /** writes to standard output; a reader that has gone ends the program quietly */
  readonly print: (text: string) => void;
  /** shows how long work goes on, where somebody looks */
  readonly progress: ReportProgress;
  /** to be called before a container gets the terminal */
  readonly endProgress: () => void;
  /** aborted when the user has had enough; commands that hand signals to containers have none */
  readonly signal: AbortSignal | undefined;
  /** Has something closed when the command is over, however it ends; last come, first closed. */
  readonly atEnd: (close: () => Promise<void> | void) => void;
  /** a line for people, on standard error */
  readonly tell: (line: string) => void;
}

/** Options that several commands have. */
export const formatOption: Option = {
  name: 'format',
  kind: 'text',
  value: 'table|json',
  help: 'json: one document a line, for programs',
};
export const quietOption: Option = { name: 'quiet', short: 'q', kind: 'flag', help: 'print ids only' };
