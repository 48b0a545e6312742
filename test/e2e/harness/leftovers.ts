import Database from 'better-sqlite3';
import { closeSync, existsSync, openSync, readdirSync, readSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Containerd } from './containerd.js';
import { findCgroups, findMounts, findProcesses } from './remains.js';

/**
 * What is left of containers that are gone, a line each; empty if all is clean. The daemons themselves (containerd,
 * and the shim's, which waits for the next container) may stay, with their sockets.
 *
 * Some ends are reached a moment after containerd has answered (a shim that was told to shut down is still exiting), and
 * nothing announces them: what is found must stay to be told.
 */
export async function leftovers(containerd: Containerd, patience = 5000): Promise<string[]> {
  const deadline = Date.now() + patience;
  for (;;) {
    const found = look(containerd);
    if (found.length === 0 || Date.now() > deadline) return found;
    await sleep(20);
  }
}

/** The shim's long-lived processes. */
export function shimDaemons(containerd: Containerd): number[] {
  return findProcesses(containerd)
    .filter(({ command }) => isDaemon(command))
    .map(({ pid }) => pid);
}

function look(containerd: Containerd): string[] {
  return [
    ...findProcesses(containerd)
      .filter(({ command }) => !isContainerd(command) && !(containerd.shim === 'ours' && isDaemon(command)))
      .map(({ pid, command }) => `process ${pid}: ${command}`),
    ...findMounts(containerd).map((path) => `mount ${path}`),
    ...findCgroups(containerd).map((path) => `cgroup ${path}`),
    ...bundles(containerd).map((path) => `bundle ${path}`),
    ...files(containerd.fifoDirectory).map((path) => `fifo ${path}`),
    ...runtimeStates(containerd).map((path) => `runtime state ${path}`),
    ...rows(join(containerd.directory, 'run')),
  ];
}

function isContainerd(command: string): boolean {
  return command.startsWith('containerd --config');
}

function isDaemon(command: string): boolean {
  return /\/main\.js serve\b/.test(command) || /containerd-shim-runc-v2 -namespace .* -id /.test(command);
}

function bundles(containerd: Containerd): string[] {
  const tasks = join(containerd.directory, 'state', 'io.containerd.runtime.v2.task');
  return entries(tasks).flatMap((namespace) =>
    entries(join(tasks, namespace.name)).map((entry) => join(tasks, namespace.name, entry.name)),
  );
}

/** Directories of runc and crun with a container in them. */
function runtimeStates(containerd: Containerd): string[] {
  return [join(containerd.directory, 'run'), `/run/containerd/runc/${containerd.namespace}`]
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
