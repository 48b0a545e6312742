/** An option, as completion needs to know it. */
export interface OptionWords {
  readonly name: string;
  readonly short?: string;
  readonly kind: 'flag' | 'text' | 'list';
  /** what the value is called, or the words to choose from: `json|table` */
  readonly value?: string;
  readonly help: string;
}

/** A command, as completion needs to know it. */
export interface CommandWords {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly OptionWords[];
  /** what is completed as an operand; files if missing */
  readonly completes?: 'containers' | 'images';
  /** whether what follows the first operand is a program's own */
  readonly stopsAtOperand?: boolean;
}

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** The command by which scripts ask for the names of what there is, a name in each line. */
export const namesCommand = (of: 'containers' | 'images'): string =>
  `jailer completion --names=${of} 2>/dev/null`;

/** The words that a value is one of. */
export const choicesOf = ({ value = '' }: OptionWords): readonly string[] =>
  value.includes('|') ? value.split('|') : [];

/** In single quotes of a shell. */
export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Every way to write an option. */
export const optionWords = ({ name, short }: OptionWords): readonly string[] => [
  `--${name}`,
  ...(short === undefined ? [] : [`-${short}`]),
];
