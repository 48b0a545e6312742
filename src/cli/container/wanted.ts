import { existsSync, readFileSync } from 'node:fs';
import { CliError } from '../error.js';
import { reason } from '../../runtime/error.js';
import type { Option } from '../command.js';
import type { Values } from '../options.js';
import { environmentLines, readEnvironment } from '../spec/environment.js';
import type { Limits, Wanted } from '../spec/request.js';
import { readNumber, readSize } from '../spec/size.js';
import { readVolume, type Volume } from '../spec/volume.js';
import type { Keeping } from './make.js';

/** The options of `run` and `create`. */
export const containerOptions: readonly Option[] = [
  { name: 'interactive', short: 'i', kind: 'flag', help: 'give it standard input' },
  { name: 'tty', short: 't', kind: 'flag', help: 'give it a terminal' },
  { name: 'rm', kind: 'flag', help: 'remove it when it has ended' },
  { name: 'name', kind: 'text', value: 'NAME', help: 'what to call it; else the beginning of its id' },
  {
    name: 'env',
    short: 'e',
    kind: 'list',
    value: 'NAME=VALUE',
    help: 'set a variable; NAME alone takes its value here',
  },
  { name: 'env-file', kind: 'list', value: 'FILE', help: 'set the variables in a file, a line each' },
  {
    name: 'volume',
    short: 'v',
    kind: 'list',
    value: 'SOURCE:TARGET[:ro]',
    help: 'show it a folder or a file of the host',
  },
  {
    name: 'publish',
    short: 'p',
    kind: 'list',
    value: '[HOST:]PORT:PORT[/udp]',
    help: 'let a port of the host lead to one of its own',
  },
  { name: 'network', kind: 'text', value: 'NETWORK', help: 'host, none, or the name of a network' },
  { name: 'memory', short: 'm', kind: 'text', value: 'SIZE', help: 'memory at most, as 512m' },
  { name: 'cpus', kind: 'text', value: 'NUMBER', help: 'processors at most, as 1.5' },
  { name: 'pids', kind: 'text', value: 'NUMBER', help: 'processes at most' },
  {
    name: 'user',
    short: 'u',
    kind: 'text',
    value: 'USER[:GROUP]',
    help: 'whose processes run, by name or number',
  },
  { name: 'workdir', short: 'w', kind: 'text', value: 'DIR', help: 'working directory' },
  { name: 'entrypoint', kind: 'text', value: 'PROGRAM', help: "run this in place of the image's entrypoint" },
  { name: 'hostname', kind: 'text', value: 'NAME', help: 'host name; else the beginning of its id' },
  { name: 'read-only', kind: 'flag', help: 'let it write to nothing but its volumes' },
  { name: 'label', short: 'l', kind: 'list', value: 'NAME=VALUE', help: 'note something about it' },
  { name: 'annotation', kind: 'list', value: 'NAME=VALUE', help: 'hand an annotation to the runtime' },
  { name: 'platform', kind: 'text', value: 'OS[/ARCH]', help: 'which image, if there are several' },
  {
    name: 'pull',
    kind: 'text',
    value: 'missing|always|never',
    help: 'when to ask the registry for the image',
  },
  { name: 'rootfs', kind: 'flag', help: 'IMAGE is a folder of the host, used as it is' },
];

/** Reads the options that say what is to run. @throws CliError naming the option */
export function readWanted(values: Values, command: readonly string[]): Wanted {
  return {
    command,
    entrypoint: values.text('entrypoint'),
    env: readEnvironment([...values.list('env-file').flatMap(linesOf), ...values.list('env')], process.env),
    user: values.text('user'),
    workingDirectory: values.text('workdir'),
    hostname: values.text('hostname'),
    terminal: values.flag('tty'),
    readonly: values.flag('read-only'),
    volumes: values.list('volume').map(existingVolume),
    network: values.text('network'),
    ports: values.list('publish'),
    limits: readLimits(values),
    annotations: pairs('annotation', values.list('annotation')),
  };
}

export function readKeeping(values: Values): Keeping {
  return {
    name: values.text('name'),
    interactive: values.flag('interactive'),
    autoRemove: values.flag('rm'),
    labels: pairs('label', values.list('label')),
  };
}

/** A source that is not there is not made: it would be an empty folder where a typing error was. */
function existingVolume(word: string): Volume {
  const volume = readVolume(word, process.cwd());
  if (existsSync(volume.source)) return volume;
  throw new CliError(`--volume: ${volume.source} is not there: make it first`);
}

function readLimits(values: Values): Limits {
  const [memory, cpus, pids] = [values.text('memory'), values.text('cpus'), values.text('pids')];
  return {
    ...(memory !== undefined && { memory: readSize('memory', memory) }),
    ...(cpus !== undefined && { cpus: readNumber('cpus', cpus, false) }),
    ...(pids !== undefined && { pids: readNumber('pids', pids, true) }),
  };
}

function linesOf(path: string): readonly string[] {
  try {
    return environmentLines(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new CliError(`--env-file: ${path}: ${reason(error)}`, undefined, { cause: error });
  }
}

/** @throws CliError for a word without a name or a sign */
export function pairs(option: string, words: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    words.map((word) => {
      const equals = word.indexOf('=');
      if (equals > 0 && !word.includes('\0')) return [word.slice(0, equals), word.slice(equals + 1)];
      throw new CliError(`--${option}: ${JSON.stringify(word)} is not NAME=VALUE`);
    }),
  );
}
