import { nearest } from '../image/build/containerfile/nearest.js';
import { CliError } from './error.js';
import type { Command, Option } from './command.js';

/** The options that were given. */
export interface Values {
  flag(name: string): boolean;
  text(name: string): string | undefined;
  list(name: string): readonly string[];
}

export interface Parsed {
  readonly values: Values;
  readonly operands: readonly string[];
  /** asked for by -h or --help, whatever else there is */
  readonly help: boolean;
}

type Parseable = Pick<Command, 'options' | 'count' | 'stopsAtOperand'>;

/**
 * Reads the words behind a command: `--name value`, `--name=value`, `-n value`, `-nvalue`, `-it` for two flags; `--` ends
 * the options.
 *
 * @param name of the command, for messages
 * @throws CliError that names the word, and what may have been meant
 */
export function parseOptions(name: string, command: Parseable, words: readonly string[]): Parsed {
  const given = new Map<string, string[]>();
  const operands: string[] = [];
  let help = false;
  const set = (option: Option, value: string): void => {
    const before = given.get(option.name) ?? [];
    given.set(option.name, option.kind === 'list' ? [...before, value] : [value]);
  };
  const find = (word: string, match: (option: Option) => boolean): Option => {
    const found = command.options.find(match);
    if (found !== undefined) return found;
    throw unknown(name, word, command.options);
  };

  let index = 0;
  const next = (word: string, option: Option): string => {
    index += 1;
    const value = words[index];
    if (value === undefined) {
      throw new CliError(`${name}: ${word} needs a value: ${word} ${option.value ?? 'VALUE'}`);
    }
    return value;
  };
  for (; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (word === '--') {
      operands.push(...words.slice(index + 1));
      break;
    }
    if (word === '--help' || word === '-h') {
      help = true;
    } else if (word.startsWith('--')) {
      const [long, value] = split(word.slice(2));
      const option = find(word, (each) => each.name === long);
      if (option.kind !== 'flag') set(option, value ?? next(`--${long}`, option));
      else set(option, truth(name, `--${long}`, value));
    } else if (word.startsWith('-') && word !== '-') {
      for (let at = 1; at < word.length; at += 1) {
        const letter = word.charAt(at);
        const option = find(`-${letter}`, (each) => each.short === letter);
        if (option.kind === 'flag') {
          set(option, 'true');
          continue;
        }
        const rest = word.slice(at + 1).replace(/^=/, '');
        set(option, rest === '' ? next(`-${letter}`, option) : rest);
        break;
      }
    } else if (command.stopsAtOperand === true) {
      operands.push(...words.slice(index));
      break;
    } else {
      operands.push(word);
    }
  }
  if (!help) checkCount(name, command, operands);
  for (const option of command.options) checkChoice(name, option, given.get(option.name));
  return {
    help,
    operands,
    values: {
      flag: (option) => given.get(option)?.[0] === 'true',
      text: (option) => given.get(option)?.[0],
      list: (option) => given.get(option) ?? [],
    },
  };
}

function split(word: string): [string, string | undefined] {
  const equals = word.indexOf('=');
  return equals === -1 ? [word, undefined] : [word.slice(0, equals), word.slice(equals + 1)];
}

function truth(name: string, word: string, value: string | undefined): string {
  if (value === undefined || value === 'true') return 'true';
  if (value === 'false') return 'false';
  throw new CliError(`${name}: ${word} is true or false, not ${JSON.stringify(value)}`);
}

function checkCount(name: string, { count }: Parseable, operands: readonly string[]): void {
  const help = `see jailer ${name} --help`;
  if (operands.length < count.least) {
    throw new CliError(
      `${name}: ${operands.length === 0 ? 'an argument is' : 'arguments are'} missing: ${help}`,
    );
  }
  if (operands.length > count.most) {
    throw new CliError(`${name}: ${JSON.stringify(operands[count.most])} is one argument too many: ${help}`);
  }
}

/** A value that is one of `a|b`. */
function checkChoice(name: string, option: Option, values: readonly string[] | undefined): void {
  if (option.value?.includes('|') !== true) return;
  const choices = option.value.split('|');
  const wrong = values?.find((value) => !choices.includes(value));
  if (wrong === undefined) return;
  throw new CliError(
    `${name}: --${option.name} is one of ${choices.join(', ')}, not ${JSON.stringify(wrong)}`,
  );
}

function unknown(name: string, word: string, options: readonly Option[]): CliError {
  const [long] = split(word);
  const close = nearest(
    long,
    options.map((option) => `--${option.name}`),
  );
  const hint = close === undefined ? `see jailer ${name} --help` : `did you mean ${close}?`;
  return new CliError(`${name}: there is no option ${JSON.stringify(long)}: ${hint}`);
}
