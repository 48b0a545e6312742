import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nearest } from '../image/build/containerfile/nearest.js';
import { commands } from './commands.js';
import { CliError, errorLine, exitCodeOf } from './error.js';
import { commandHelp, overview } from './help.js';
import { createOutput } from './output.js';
import { parseOptions } from './options.js';
import { progressBars } from './progress.js';
import type { Places } from './places.js';
import { version } from '../shim/version.js';

const output = createOutput();
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${errorLine(error)}\n`);
  process.exitCode = exitCodeOf(error);
}
// A descriptor that is still open, as a terminal that was read, must not keep the program.
await output.flushed();
process.exit();

async function main(words: readonly string[]): Promise<number> {
  const { dataDirectory, rest } = globalOptions(words);
  const [name, ...others] = rest;
  if (
    name === undefined ||
    name === '--help' ||
    name === '-h' ||
    (name === 'help' && others[0] === undefined)
  ) {
    output.print(overview(commands));
    return name === undefined ? 125 : 0;
  }
  if (name === '--version' || name === 'version') {
    output.print(`jailer ${version()}\n`);
    return 0;
  }
  if (name === 'help') return main([...others.slice(0, 1), '--help']);
  const entry = commands.find((each) => each.name === name);
  if (entry === undefined) throw unknownCommand(name);
  const { command } = await entry.load();
  const { values, operands, help } = parseOptions(name, command, others);
  if (help) {
    output.print(commandHelp(entry, command));
    return 0;
  }
  const places = await findPlaces(dataDirectory);
  const bars = progressBars(process.stderr.isTTY ? process.stderr : undefined);
  const tell = (line: string): void => {
    bars.end();
    process.stderr.write(`${line}\n`);
  };
  const signal = command.stops === true ? stopSignal() : undefined;
  const closers: (() => Promise<void> | void)[] = [];
  const atEnd = (close: () => Promise<void> | void): void => {
    closers.push(close);
  };
  const { print } = output;
  const context = { places, print, tell, atEnd, signal, progress: bars.report, endProgress: bars.end };
  try {
    return await command.run(context, values, operands);
  } finally {
    bars.end();
    for (const close of closers.reverse()) await close();
  }
}

/** The first Ctrl-C ends the work in good order, the second at once. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => {
      controller.abort();
      process.once(name, () => {
        process.exit(128 + constants.signals[name]);
      });
    });
  }
  return controller.signal;
}

function globalOptions(words: readonly string[]): {
  readonly dataDirectory: string | undefined;
  readonly rest: readonly string[];
} {
  const [first = '', second] = words;
  if (first.startsWith('--data-dir=')) {
    return { dataDirectory: first.slice('--data-dir='.length), rest: words.slice(1) };
  }
  if (first !== '--data-dir') return { dataDirectory: undefined, rest: words };
  if (second === undefined) throw new CliError('--data-dir needs a value: --data-dir DIR');
  return { dataDirectory: second, rest: words.slice(2) };
}

async function findPlaces(dataDirectory: string | undefined): Promise<Places> {
  const { configPath, readConfig } = await import('../shim/config.js');
  const data = resolve(dataDirectory ?? readConfig(configPath()).dataDirectory);
  return { data, launcher: findLauncher() };
}

/** Where the launcher is beside an installed program, or in the build that this is part of. */
function findLauncher(): string {
  // argv[1] has the path as it was called: an installation may link to a build.
  const called = process.argv[1] ?? '';
  const candidates = [
    ...(isAbsolute(called) ? [resolve(called, '../../../../../bin/containerd-shim-runc-v2')] : []),
    fileURLToPath(new URL('../../native/containerd-shim-runc-v2', import.meta.url)),
  ];
  const found = candidates.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new CliError(`the daemon's launcher is not there: ${candidates.join(', ')}: run scripts/install`);
}

function unknownCommand(name: string): CliError {
  const close = nearest(
    name,
    commands.map((each) => each.name),
  );
  const hint = close === undefined ? 'see jailer --help' : `did you mean ${close}?`;
  return new CliError(`there is no command ${JSON.stringify(name)}: ${hint}`);
}
