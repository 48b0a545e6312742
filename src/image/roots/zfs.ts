import { execFile } from 'node:child_process';
import { chmod, rm, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { reason } from '../../runtime/error.js';
import type { Digest } from '../digest.js';
import { ImageError } from '../error.js';
import { containerKeys } from './collect.js';
import { exclusively } from './exclusive.js';
import { heldChains, holdLock } from './hold.js';
import { unpackedPath, stateName } from './places.js';
import { readChains } from './record.js';
import type { Roots, RootsHost } from './roots.js';
import { wholeRoots } from './whole-trees.js';

/** Runs zfs(8), the one program that this one runs: ZFS has no stable calls. @returns what it printed */
export type Zfs = (...args: readonly string[]) => Promise<string>;

const run = promisify(execFile);

/** @throws Error with what zfs(8) said */
export const zfs: Zfs = async (...args) => {
  try {
    const { stdout } = await run('zfs', [...args], { timeout: 120_000, maxBuffer: 16 * 1024 * 1024 });
    return stdout;
  } catch (error) {
    const said = (error as { stderr?: unknown }).stderr;
    const why = typeof said === 'string' && said.trim() !== '' ? said.trim() : reason(error);
    throw new ImageError('failed', `zfs ${args.join(' ')}: ${why.replace(/\s+/g, ' ')}`, { cause: error });
  }
};

/** A snapshot of this name is the sign that a state of layers is whole. */
const whole = 'whole';

/**
 * ZFS: a dataset for each state of layers, with a snapshot, of which containers get clones: they cost nothing until they
 * are written to.
 *
 * @param parent the dataset for all of them; its mountpoint is the places' directory
 */
export function zfsRoots(host: RootsHost, parent: string, command: Zfs = zfs): Roots {
  const { places, locks } = host;
  const state = (chain: Digest): string => `${parent}/unpacked/${stateName(chain)}`;
  const container = (key: string): string => `${parent}/containers/${key}`;

  const exists = async (name: string): Promise<boolean> => {
    try {
      await command('list', '-H', '-o', 'name', name);
      return true;
    } catch (error) {
      if (error instanceof Error && /does not exist/.test(error.message)) return false;
      throw error;
    }
  };
  const has = (chain: Digest): Promise<boolean> => exists(`${state(chain)}@${whole}`);
  const destroy = async (name: string): Promise<void> => {
    if (await exists(name)) await command('destroy', '-r', name);
  };

  const destroyed = async (name: string): Promise<boolean> => {
    try {
      await command('destroy', '-r', name);
      return true;
    } catch (error) {
      if (error instanceof Error && /dependent clones|has children/.test(error.message)) return false;
      throw error;
    }
  };

  return wholeRoots(host, {
    kind: 'zfs',
    has,
    make: async (chain, from, fill) => {
      const path = unpackedPath(places, chain);
      await exclusively(locks, `${path}.lock`, async () => {
        if (await has(chain)) return;
        await destroy(state(chain)); // of one who was killed
        if (from === undefined) await command('create', '-o', `mountpoint=${path}`, state(chain));
        else await command('clone', '-o', `mountpoint=${path}`, `${state(from)}@${whole}`, state(chain));
        try {
          if (from === undefined) await chmod(path, 0o755);
          await fill(path);
          await command('snapshot', `${state(chain)}@${whole}`);
        } catch (error) {
          await destroy(state(chain));
          throw error;
        }
      });
      await rm(`${path}.lock`, { force: true });
    },
    clone: async (chain, directory, key) => {
      const mountpoint = `mountpoint=${join(directory, 'root')}`;
      if (chain === undefined) await command('create', '-o', mountpoint, container(key));
      else await command('clone', '-o', mountpoint, `${state(chain)}@${whole}`, container(key));
    },
    removeContainer: async (directory, key) => {
      await destroy(container(key));
      await rm(directory, { recursive: true, force: true });
    },
    collect: async (keep) => {
      await exclusively(locks, holdLock(places), async () => {
        const needed = await heldChains(places, locks);
        for (const chain of keep) needed.add(stateName(chain));
        for (const key of await containerKeys(places)) {
          for (const chain of (await readChains(join(places.containers, key))) ?? [])
            needed.add(stateName(chain));
        }
        const listed = await command(
          'list',
          '-H',
          '-o',
          'name',
          '-d',
          '1',
          '-S',
          'creation',
          `${parent}/unpacked`,
        );
        for (const name of listed.split('\n').filter((line) => line.startsWith(`${parent}/unpacked/`))) {
          if (needed.has(basename(name))) continue;
          // A state that others were cloned from stays, with what is mounted of it, until they are gone.
          if (await destroyed(name)) await removeEmpty(join(places.unpacked, basename(name)));
        }
      });
    },
  });
}

/** zfs(8) removes the mount points that it made, in most cases. */
async function removeEmpty(path: string): Promise<void> {
  try {
    await rmdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** The dataset that a directory lies on, or undefined when that is another file system, or zfs(8) is not there. */
export async function datasetOf(directory: string, command: Zfs = zfs): Promise<string | undefined> {
  try {
    const name = (await command('list', '-H', '-o', 'name', directory)).trim();
    return name === '' ? undefined : name;
  } catch {
    return undefined; // either way there is nothing to make datasets in, and copying works everywhere
  }
}
