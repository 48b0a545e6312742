// Zig as a cross compiler with FreeBSD's headers: the package ziglang, from PyPI, in this user's cache.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'containerd-shim-jail');

/** The version of the package ziglang that has each release's headers. */
export const zigVersions = { 14: '0.15.2', 15: '0.17.1' };

const pythons = ['python3', 'python3.13', 'python3.12', 'python3.11'];

/** @returns {string} the path of the zig program of this version; installs it if the cache lacks it */
export function obtainZig(version) {
  const folder = join(cache, `ziglang-${version}`);
  const zig = join(folder, 'ziglang', 'zig');
  if (!existsSync(zig)) install(version, folder);
  process.env.ZIG_GLOBAL_CACHE_DIR = join(cache, 'zig');
  return zig;
}

function install(version, folder) {
  mkdirSync(dirname(folder), { recursive: true });
  // The folder appears whole or not at all: another run may be looking for it.
  const temporary = mkdtempSync(`${folder}-`);
  try {
    pip(['install', '--quiet', '--no-deps', '--target', temporary, `ziglang==${version}`]);
    renameSync(temporary, folder);
  } catch (error) {
    // Another run was faster: its folder serves as well.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function pip(args) {
  const failures = [];
  for (const python of pythons) {
    try {
      execFileSync(python, ['-m', 'pip', '--disable-pip-version-check', ...args], {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, PIP_ROOT_USER_ACTION: 'ignore' },
      });
      return;
    } catch (error) {
      if (error.code !== 'ENOENT')
        failures.push(`${python}: ${error.stderr?.toString().trim() || error.message}`);
    }
  }
  throw new Unobtainable(`ziglang cannot be installed: ${failures[0] ?? 'there is no python3 with pip'}`);
}

/** This machine cannot get at the compiler: nothing is known about the bindings. */
export class Unobtainable extends Error {}
