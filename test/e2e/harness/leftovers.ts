import Database from 'better-sqlite3';
import { closeSync, existsSync, lstatSync, openSync, readdirSync, readSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findCgroups, findMounts, findProcesses, type Owner } from './remains.js';
import type { ShimName } from './shim.js';

/** Where containers were, and which shim had them: a private containerd, or what is in its place. */
export interface Place extends Owner {
  readonly shim: ShimName;
  readonly fifoDirectory: string;
}

/**
 * What is left of containers that are gone, a line each; empty if all is clean. The daemons themselves (containerd,
 * and the shim's, which waits for the next container) may stay, with their sockets.
 *
 * Some ends are reached a moment after containerd has answered (a shim that was told to shut down is still exiting), and
 * nothing announces them: what is found must stay to be told.
 */
export async function leftovers(place: Place, patience = 5000): Promise<string[]> {
  const deadline = Date.now() + patience;
  for (;;) {
    const found = look(place);
    if (found.length === 0 || Date.now() > deadline) return found;
    await sleep(20);
  }
}

/** The shim's long-lived processes. */
export function shimDaemons(place: Place): number[] {
  return findProcesses(place)
    .filter(({ command }) => isDaemon(command))
    .map(({ pid }) => pid);
}

/** All that is there now, without waiting. */
export function look(place: Place): string[] {
  return [
    ...findProcesses(place)
      .filter(({ command }) => !isContainerd(command) && !(place.shim === 'ours' && isDaemon(command)))
      .map(({ pid, command }) => `process ${pid}: ${command}`),
    ...findMounts(place).map((path) => `mount ${path}`),
    ...findCgroups(place).map((path) => `cgroup ${path}`),
    ...bundles(place).map((path) => `bundle ${path}`),
    ...files(place.fifoDirectory).map((path) => `fifo ${path}`),
    ...runtimeStates(place).map((path) => `runtime state ${path}`),
    ...rows(join(place.directory, 'run')),
  ];
}

function isContainerd(command: string): boolean {
  return command.startsWith('containerd --config');
}

function isDaemon(command: string): boolean {
  return /\/main\.js serve\b/.test(command) || /containerd-shim-runc-v2 -namespace .* -id /.test(command);
}

function bundles(place: Place): string[] {
  const tasks = join(place.directory, 'state', 'io.containerd.runtime.v2.task');
  return entries(tasks).flatMap((namespace) =>
    entries(join(tasks, namespace.name)).map((entry) => join(tasks, namespace.name, entry.name)),
  );
}

/** Directories of runc and crun with a container in them. */
function runtimeStates(place: Place): string[] {
  return [join(place.directory, 'run'), `/run/containerd/runc/${place.namespace}`]
    .flatMap(files)
    .filter((path) => path.endsWith('/state.json') || path.endsWith('/status'));
}

/** Rows of every SQLite database below the directory. */
function rows(directory: string): string[] {
  return files(directory)
    .filter(isDatabase)
    .flatMap((path) => {
      const database = new Database(path, { readonly: true });
      try {
        return ['container', 'made'].flatMap((table) =>
          database
            .prepare(`SELECT * FROM ${table}`)
            .all()
            .map((row) => `row of ${table}: ${JSON.stringify(row)}`),
        );
      } finally {
        database.close();
      }
    });
}

function isDatabase(path: string): boolean {
  // To open the FIFO that runc keeps of a created container would start it.
  if (!lstatSync(path).isFile()) return false;
  const start = Buffer.alloc(15);
  const descriptor = openSync(path, 'r');
  readSync(descriptor, start, 0, start.length, 0);
  closeSync(descriptor);
  return start.toString() === 'SQLite format 3';
}

/** Every file below a directory that is neither a directory nor a socket. */
function files(directory: string): string[] {
  return entries(directory).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return files(path);
    return entry.isSocket() ? [] : [path];
  });
}

function entries(directory: string): Dirent[] {
  return existsSync(directory) ? readdirSync(directory, { withFileTypes: true }) : [];
}
