import { accessSync, constants, statSync } from 'node:fs';
import { basename, delimiter, isAbsolute, join } from 'node:path';
import { RuntimeError } from '../runtime/error.js';
import { hybridCgroups } from './hybrid.js';

/** An OCI runtime program that can be run. */
export interface Program {
  /** its name, for messages */
  readonly name: string;
  /** what is executed */
  readonly file: string;
  readonly globalArgs: readonly string[];
  /** `NAME=value` each */
  readonly environment: readonly string[];
}

const searchPath = (): string[] =>
  (process.env['PATH'] ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin').split(delimiter);

/**
 * Finds the program that a name of the configuration or of containerd's options means.
 *
 * `auto` takes crun, which is quicker, and runc where crun is missing or the host's cgroups are hybrid:
 * with version 1 controllers beside a mounted version 2 hierarchy, crun 1.8 refuses to run. Nor does it take specs
 * newer than 1.0, which is looked at for each spec (version.ts).
 *
 * @throws RuntimeError not-found that says what was looked for, and where
 */
export function findProgram(wanted: string): Program {
  if (wanted !== 'auto') return program(locate(wanted) ?? missing([wanted]));
  const candidates = hybridCgroups() ? ['runc', 'crun'] : ['crun', 'runc'];
  for (const name of candidates) {
    const path = locate(name);
    if (path !== undefined) return program(path);
  }
  return missing(candidates);
}

/** The path of a program, by a name on PATH or a path. */
export function locate(name: string): string | undefined {
  const paths = isAbsolute(name) ? [name] : searchPath().map((folder) => join(folder, name));
  return paths.find((path) => isExecutable(path));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function missing(names: readonly string[]): never {
  throw new RuntimeError(
    'not-found',
    `no OCI runtime: ${names.join(' nor ')} not found in ${searchPath().join(':')}`,
  );
}

/** The daemon's environment without what is for the daemon, or containerd, alone: sd_notify(3) among it, to which runc would answer. */
export function programEnvironment(): string[] {
  return Object.entries(process.env)
    .filter(([name, value]) => value !== undefined && !/^(NODE_|MALLOC_ARENA_MAX$|NOTIFY_SOCKET$)/.test(name))
    .map(([name, value]) => `${name}=${value ?? ''}`);
}

function program(path: string): Program {
  return { name: basename(path), file: path, globalArgs: [], environment: programEnvironment() };
}
