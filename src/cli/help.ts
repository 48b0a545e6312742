import type { Command, Option } from './command.js';
import type { Entry } from './commands.js';

/** What `jailer --help` prints. */
export function overview(commands: readonly Entry[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    'usage: jailer [--data-dir DIR] COMMAND [ARGUMENT...]',
    '',
    'Runs containers: as jails on FreeBSD, by crun or runc on Linux.',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'jailer COMMAND --help says more. For a start:',
    '',
    '  jailer run --rm -it docker.io/library/busybox sh',
    '',
  ].join('\n');
}

/** What `jailer COMMAND --help` prints. */
export function commandHelp({ name, summary }: Omit<Entry, 'load'>, command: Command): string {
  const shown = command.options.map((option) => [optionWords(option), option.help] as const);
  const width = Math.max(0, ...shown.map(([words]) => words.length));
  const lines = [
    `usage: jailer ${name}${command.options.length === 0 ? '' : ' [OPTION...]'} ${command.operands}`.trimEnd(),
    '',
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`,
  ];
  if (shown.length > 0) lines.push('', ...shown.map(([words, help]) => `  ${words.padEnd(width)}  ${help}`));
  if (command.examples.length > 0) lines.push('', 'examples:');
  for (const [line, meaning] of command.examples) lines.push('', `  # ${meaning}`, `  ${line}`);
  return `${lines.join('\n')}\n`;
}

function optionWords(option: Option): string {
  const short = option.short === undefined ? '    ' : `-${option.short}, `;
  return `${short}--${option.name}${option.kind === 'flag' ? '' : ` ${option.value ?? 'VALUE'}`}`;
}
