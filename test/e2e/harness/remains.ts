import { existsSync, readdirSync, readFileSync, readlinkSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from './program.js';

/** A process that belongs to a private containerd, and how it was recognised. */
export interface FoundProcess {
  readonly pid: number;
  readonly command: string;
}

/** Whose remains are looked for: everything of a private containerd carries its directory or its namespace. */
export interface Owner {
  readonly directory: string;
  /** the namespaces in use begin with this */
  readonly namespace: string;
}

/**
 * The processes that a private containerd and its shims started, whoever their parent is by now: they have its
 * directory in their arguments, environment or working directory, or they are in a container's cgroup.
 */
export function findProcesses(owner: Owner): FoundProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      const traces = [
        read(`/proc/${name}/cmdline`),
        read(`/proc/${name}/environ`),
        link(`/proc/${name}/cwd`),
        read(`/proc/${name}/cgroup`),
      ];
      const [command = ''] = traces;
      const found =
        traces.some((trace) => trace.includes(owner.directory)) ||
        (traces[3] ?? '').includes(`:/${owner.namespace}`);
      const zombie = / Z /.test(read(`/proc/${name}/stat`).replace(/.*\)/s, ''));
      return found && !zombie ? [{ pid: Number(name), command: command.replaceAll('\0', ' ').trim() }] : [];
    });
}

/** Mount points below the directory, the deepest and newest first. */
export function findMounts(owner: Owner): string[] {
  return read('/proc/self/mountinfo')
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal: string) => character(octal)),
    )
    .filter((path) => path.startsWith(`${owner.directory}/`))
    .reverse();
}

/** The cgroups of containers in every hierarchy of this host, inner ones first. */
export function findCgroups(owner: Owner): string[] {
  return hierarchies().flatMap((hierarchy) =>
    subdirectories(hierarchy)
      .filter((path) => path.startsWith(join(hierarchy, owner.namespace)))
      .flatMap((path) => descendants(path)),
  );
}

/** Ends and removes all that is left of a private containerd, except its directory. @throws if something resists */
export async function removeRemains(owner: Owner): Promise<void> {
  for (const cgroup of findCgroups(owner)) thaw(cgroup);
  for (let patience = 1000; findProcesses(owner).length > 0; patience -= 1) {
    for (const { pid } of findProcesses(owner)) kill(pid);
    if (patience === 0) throw new Error(`processes survive SIGKILL: ${JSON.stringify(findProcesses(owner))}`);
    await sleep(10);
  }
  for (const path of findMounts(owner)) await run(['umount', '--lazy', path]);
  for (const cgroup of findCgroups(owner)) rmdirSync(cgroup);
  for (const hierarchy of hierarchies()) {
    for (const path of subdirectories(hierarchy)) {
      if (path.startsWith(join(hierarchy, owner.namespace))) rmdirSync(path);
    }
  }
}

/** Where cgroup hierarchies are mounted: one of v2, or several of v1 (cgroups(7)). */
function hierarchies(): string[] {
  return read('/proc/self/mountinfo')
    .split('\n')
    .filter((line) => / - cgroup2? /.test(line))
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => existsSync(path));
}

function descendants(cgroup: string): string[] {
  return subdirectories(cgroup).flatMap((path) => [...descendants(path), path]);
}

function subdirectories(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(path, entry.name));
  } catch {
    return []; // gone between two looks
  }
}

function thaw(cgroup: string): void {
  for (const [file, value] of [
    ['freezer.state', 'THAWED'],
    ['cgroup.freeze', '0'],
  ] as const) {
    if (existsSync(join(cgroup, file))) writeFileSync(join(cgroup, file), value);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** A file of /proc; empty if its process is gone or not ours to see. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function character(octal: string): string {
  return String.fromCharCode(Number.parseInt(octal, 8));
}
