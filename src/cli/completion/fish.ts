import { choicesOf, namesCommand, type CommandWords, type OptionWords } from './command-line.js';

/** Completion for fish (complete(1)). */
export function fishScript(commands: readonly CommandWords[]): string {
  const lines = [
    '# fish completion for jailer: jailer completion fish | source',
    // The builtin helper knows no options with values before the command.
    'function __jailer_command',
    '    set -l words (commandline -opc)',
    '    set -e words[1]',
    '    while set -q words[1]',
    '        switch $words[1]',
    '            case --data-dir',
    '                set -e words[1]',
    "            case '-*'",
    "            case '*'",
    '                echo $words[1]',
    '                return 0',
    '        end',
    '        set -e words[1]',
    '    end',
    '    return 1',
    'end',
    'function __jailer_is',
    '    test (__jailer_command; or echo -) = $argv[1]',
    'end',
    `complete -c jailer -n 'not __jailer_command' -f`,
    `complete -c jailer -n 'not __jailer_command' -l data-dir -x -a '(__fish_complete_directories)' -d 'where images and containers are'`,
    `complete -c jailer -n 'not __jailer_command' -l version -d 'show the version'`,
    `complete -c jailer -s h -l help -d 'show help'`,
    ...commands.map(
      ({ name, summary }) =>
        `complete -c jailer -n 'not __jailer_command' -a ${name} -d ${fishQuoted(summary)}`,
    ),
    ...commands.flatMap(commandLines),
  ];
  return `${lines.join('\n')}\n`;
}

function commandLines({ name, options, completes }: CommandWords): readonly string[] {
  const here = `complete -c jailer -n '__jailer_is ${name}'`;
  return [
    ...(completes === undefined
      ? []
      : [`${here} -f -a '(${namesCommand(completes)})' -d ${completes.replace(/s$/, '')}`]),
    ...options.map((option) => `${here} ${optionPart(option)} -d ${fishQuoted(option.help)}`),
  ];
}

function optionPart(option: OptionWords): string {
  const { name, short, kind } = option;
  const words = `${short === undefined ? '' : `-s ${short} `}-l ${name}`;
  if (kind === 'flag') return words;
  const choices = choicesOf(option);
  return choices.length === 0 ? `${words} -r` : `${words} -x -a ${fishQuoted(choices.join(' '))}`;
}

const fishQuoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
