import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { isLinuxRelease } from '../jail/linux/release.js';
import { readNetworks, standardNetwork, type NetworkSettings } from '../network/settings.js';
import { reason } from '../runtime/error.js';
import { platformOf } from './platform.js';

/** The configuration file, checked. Every key may be left out. */
export interface Config {
  /** which containers share a daemon */
  readonly grouping: 'all' | 'namespace' | 'pod';
  /** seconds that a daemon without containers lives on */
  readonly idleSeconds: number;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  /** a file to append the log to; undefined: the log goes to containerd, through the bundle's FIFO */
  readonly logFile: string | undefined;
  readonly ffi: 'koffi' | 'ffi-rs';
  /** Linux: `auto`, a name on PATH or an absolute path */
  readonly ociRuntime: string;
  /** seconds that a `binary://` logger may take until it is ready */
  readonly loggerReadySeconds: number;
  /** FreeBSD: seconds for a hook that has no timeout of its own */
  readonly hookSeconds: number;
  /** FreeBSD: what uname(2) says to programs of Linux images; undefined: the kernel's choice */
  readonly linuxRelease: string | undefined;
  /** FreeBSD: the networks that containers can join */
  readonly networks: readonly NetworkSettings[];
  /** FreeBSD: what containers get that ask for nothing: the name of a network, `host` or `none` */
  readonly network: string;
  /** where `jailer` keeps images and containers */
  readonly dataDirectory: string;
  /** where the daemons and networks of this host keep their own files */
  readonly runDirectory: string;
  /** how registries are reached, as it stands in the file: who pulls images checks it */
  readonly registries: Readonly<Record<string, unknown>>;
}

const defaults: Config = {
  grouping: 'all',
  idleSeconds: 60,
  logLevel: 'info',
  logFile: undefined,
  ffi: 'koffi',
  ociRuntime: 'auto',
  loggerReadySeconds: 10,
  hookSeconds: 60,
  linuxRelease: undefined,
  networks: readNetworks(undefined),
  network: standardNetwork,
  dataDirectory: platformOf().dataDirectory,
  runDirectory: platformOf().runDirectory,
  registries: {},
};

/** Where the configuration is looked for; the variable is for containerd instances beside the host's own. */
export function configPath(environment: NodeJS.ProcessEnv = process.env): string {
  return (
    environment['CONTAINERD_SHIM_JAIL_CONFIG'] ?? `${platformOf().configDirectory}/containerd-shim-jail.toml`
  );
}

/** Reads the file; a missing one means the defaults. @throws Error naming file and key */
export function readConfig(path: string): Config {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return defaults;
    throw new Error(`configuration ${path}: ${reason(error)}`, { cause: error });
  }
  if (!isUtf8(bytes)) throw new Error(`${path}: is not UTF-8`);
  return parseConfig(new TextDecoder().decode(bytes), path);
}

type Check<T> = (value: unknown) => T;

/** What may stand under each key of the file. The launcher reads `grouping`, `socket_dir`, `run_dir` and `node`, too. */
const keys = {
  grouping: oneOf('all', 'namespace', 'pod'),
  idle_seconds: number(0, 86_400),
  log_level: oneOf('trace', 'debug', 'info', 'warn', 'error'),
  log_file: absolutePath,
  ffi: oneOf('koffi', 'ffi-rs'),
  oci_runtime: runtimeName,
  logger_ready_seconds: number(1, 600),
  hook_seconds: number(1, 86_400),
  linux_release: linuxRelease,
  networks: readNetworks,
  network: text,
  registries: table,
  socket_dir: absolutePath,
  run_dir: absolutePath,
  node: absolutePath,
  data_dir: absolutePath,
} satisfies Record<string, Check<unknown>>;

const checks = new Map<string, Check<unknown>>(Object.entries(keys));

export function parseConfig(text: string, path: string): Config {
  const table = parseToml(text, path);
  const checked: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(table)) {
    const check = checks.get(key);
    if (check === undefined) throw new Error(`${path}: unknown key ${JSON.stringify(key)}`);
    try {
      checked[key] = check(value);
    } catch (error) {
      const message = (error as Error).message;
      // What is within a table names its own key.
      throw new Error(`${path}: ${/^networks\b/.test(message) ? message : `${key}: ${message}`}`, {
        cause: error,
      });
    }
  }
  const get = <K extends keyof typeof keys>(key: K): ReturnType<(typeof keys)[K]> | undefined =>
    checked[key] as ReturnType<(typeof keys)[K]> | undefined;
  const networks = get('networks') ?? defaults.networks;
  return {
    networks,
    registries: get('registries') ?? defaults.registries,
    network: checkedNetwork(path, networks, get('network') ?? defaultNetwork(networks)),
    grouping: get('grouping') ?? defaults.grouping,
    idleSeconds: get('idle_seconds') ?? defaults.idleSeconds,
    logLevel: get('log_level') ?? defaults.logLevel,
    logFile: get('log_file') ?? defaults.logFile,
    ffi: get('ffi') ?? defaults.ffi,
    ociRuntime: get('oci_runtime') ?? defaults.ociRuntime,
    loggerReadySeconds: get('logger_ready_seconds') ?? defaults.loggerReadySeconds,
    dataDirectory: get('data_dir') ?? defaults.dataDirectory,
    runDirectory: get('run_dir') ?? defaults.runDirectory,
    hookSeconds: get('hook_seconds') ?? defaults.hookSeconds,
    linuxRelease: get('linux_release') ?? defaults.linuxRelease,
  };
}

/** Where networks are configured but none of the standard name, containers that ask for nothing get none. */
function defaultNetwork(networks: readonly NetworkSettings[]): string {
  return networks.some(({ name }) => name === standardNetwork) ? standardNetwork : 'none';
}

function checkedNetwork(path: string, networks: readonly NetworkSettings[], name: string): string {
  const names = ['host', 'none', ...networks.map((network) => network.name)];
  if (names.includes(name)) return name;
  throw new Error(`${path}: network: ${shown(name)} is none of ${names.join(', ')}`);
}

function parseToml(text: string, path: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [message] = error.message.split('\n');
    throw new Error(`${path}:${error.line}:${error.column}: ${message ?? 'not TOML'}`, { cause: error });
  }
}

function oneOf<const T extends readonly string[]>(...values: T): Check<T[number]> {
  return (value) => {
    if (typeof value === 'string' && values.includes(value)) return value;
    throw new Error(`${shown(value)} is none of ${values.join(', ')}`);
  };
}

function number(least: number, most: number): Check<number> {
  return (value) => {
    if (typeof value === 'number' && value >= least && value <= most) return value;
    throw new Error(`${shown(value)} is no number from ${least} to ${most}`);
  };
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new Error(`${shown(value)} is no text`);
}

function table(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new Error(`${shown(value)} is no table`);
}

function absolutePath(value: unknown): string {
  if (typeof value === 'string' && isPath(value)) return value;
  throw new Error(`${shown(value)} is no absolute path`);
}

function runtimeName(value: unknown): string {
  if (typeof value === 'string' && (/^[A-Za-z0-9._-]+$/.test(value) || isPath(value))) return value;
  throw new Error(`${shown(value)} is neither a program's name nor an absolute path`);
}

function linuxRelease(value: unknown): string {
  if (typeof value === 'string' && isLinuxRelease(value)) return value;
  throw new Error(`${shown(value)} is no release of Linux such as 5.15.0`);
}

function isPath(value: string): boolean {
  return isAbsolute(value) && !value.includes('\0');
}

/** A value of the file as it may stand in a message; JSON has no nan and inf. */
function shown(value: unknown): string {
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}
