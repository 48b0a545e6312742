import type { Execution } from '../../image/config.js';
import { CliError } from '../error.js';
import { mergeEnvironment } from './environment.js';
import type { Volume } from './volume.js';

/** What limits a container; absent: nothing. */
export interface Limits {
  /** bytes */
  readonly memory?: number;
  /** processors' worth of time, as 1.5 */
  readonly cpus?: number;
  readonly pids?: number;
}

/** What the options of `run` and `create` say, read and checked. */
export interface Wanted {
  /** behind the image's name */
  readonly command: readonly string[];
  /** in place of the image's; '' for none */
  readonly entrypoint: string | undefined;
  readonly env: readonly string[];
  readonly user: string | undefined;
  readonly workingDirectory: string | undefined;
  readonly hostname: string | undefined;
  readonly terminal: boolean;
  readonly readonly: boolean;
  readonly volumes: readonly Volume[];
  readonly network: string | undefined;
  readonly ports: readonly string[];
  readonly limits: Limits;
  readonly annotations: Readonly<Record<string, string>>;
}

/** All that an OCI spec is written from. */
export interface SpecRequest {
  readonly id: string;
  readonly hostname: string;
  /** of the container's root; absolute, or relative to the bundle */
  readonly rootPath: string;
  readonly readonly: boolean;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly workingDirectory: string;
  /** `user[:group]`, by name or number; '' is root */
  readonly user: string;
  readonly terminal: boolean;
  readonly volumes: readonly Volume[];
  readonly network: string | undefined;
  readonly ports: readonly string[];
  readonly limits: Limits;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What an image says and what the user wants, put together as docker-run(1) does. @throws CliError if there is nothing to run */
export function specRequest(
  id: string,
  rootPath: string,
  image: Execution,
  wanted: Wanted,
  path: string,
): SpecRequest {
  const hostname = wanted.hostname ?? id.slice(0, 12);
  const base = [`PATH=${path}`, `HOSTNAME=${hostname}`, ...(wanted.terminal ? ['TERM=xterm'] : [])];
  return {
    id,
    hostname,
    rootPath,
    readonly: wanted.readonly,
    args: commandLine(image, wanted),
    env: mergeEnvironment(base, image.env, wanted.env),
    workingDirectory: absolute(wanted.workingDirectory ?? image.workingDirectory),
    user: wanted.user ?? image.user,
    terminal: wanted.terminal,
    volumes: wanted.volumes,
    network: wanted.network,
    ports: wanted.ports,
    limits: wanted.limits,
    annotations: wanted.annotations,
  };
}

/** An entrypoint that the user gives is not one that the image's arguments are for. */
function commandLine(image: Execution, { entrypoint, command }: Wanted): readonly string[] {
  const first = entrypoint === undefined ? image.entrypoint : entrypoint === '' ? [] : [entrypoint];
  const rest = command.length > 0 || entrypoint !== undefined ? command : image.cmd;
  const args = [...first, ...rest];
  if (args.length === 0) throw new CliError('there is nothing to run: name a command behind the image');
  return args;
}

function absolute(directory: string): string {
  if (directory === '') return '/';
  if (directory.startsWith('/')) return directory;
  throw new CliError(`--workdir: ${JSON.stringify(directory)} is no absolute path`);
}
