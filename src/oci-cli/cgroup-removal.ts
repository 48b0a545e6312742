import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { MountEntry } from '../kernel/linux/mountinfo.js';
import { RuntimeError } from '../runtime/error.js';

/** Killed processes are given this long to leave a cgroup. */
const limit = 5000;
const pause = 10;

/** Kills every process of a cgroup and removes it, in every hierarchy of this host (cgroups(7)). */
export async function removeCgroup(mounts: readonly MountEntry[], path: string): Promise<void> {
  if (path === '/' || path.split('/').includes('..')) {
    throw new RuntimeError('invalid', `cgroup ${path} is not to be removed`);
  }
  for (const { type, root, mountPoint } of mounts) {
    if (type !== 'cgroup' && type !== 'cgroup2') continue;
    if (root !== '/') continue;
    const folder = join(mountPoint, path);
    if (existsSync(folder)) await removeTree(folder);
  }
}

async function removeTree(folder: string): Promise<void> {
  const folders = tree(folder);
  const end = performance.now() + limit;
  for (;;) {
    const pids = folders.flatMap((one) => processes(one));
    if (pids.length === 0) break;
    if (performance.now() > end) {
      throw new RuntimeError('failed', `cgroup ${folder}: processes ${pids.join(', ')} do not end`);
    }
    thaw(folders);
    for (const pid of pids) kill(pid);
    // Version 1 hierarchies tell nobody that a cgroup has become empty.
    await delay(pause);
  }
  for (const one of folders.reverse()) rmdirSync(one);
}

/** The folder and all below it, each before what it contains. */
function tree(folder: string): string[] {
  const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [folder, ...below.flatMap(({ name }) => tree(join(folder, name)))];
}

function processes(folder: string): number[] {
  return readFileSync(join(folder, 'cgroup.procs'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && line !== '0')
    .map(Number);
}

function thaw(folders: readonly string[]): void {
  for (const folder of folders) {
    const state = join(folder, 'freezer.state');
    if (existsSync(state)) writeFileSync(state, 'THAWED');
    const freeze = join(folder, 'cgroup.freeze');
    if (existsSync(freeze)) writeFileSync(freeze, '0');
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
