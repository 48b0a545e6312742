import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { readdir, readFile, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { openLocked, type FileLocks } from '../content/file-lock.js';
import type { Digest } from '../digest.js';
import { exclusively } from './exclusive.js';
import { stateName, type RootPlaces } from './places.js';

const prefix = 'hold-';

/** Taken by who reads or writes holds, so that nothing is held and collected at once. */
export const holdLock = ({ directory }: RootPlaces): string => join(directory, 'lock');

/**
 * States of layers that this program needs until it ends or lets go of them, with or without a container: what is being
 * built has no name yet. They are lines of a file that is locked, and a lock ends with its program.
 */
export class Hold {
  #file: Promise<{ readonly path: string; readonly file: FileHandle }> | undefined;
  readonly #held = new Set<Digest>();

  constructor(
    private readonly places: RootPlaces,
    private readonly locks: FileLocks,
  ) {}

  /** From now on, none of these is collected. */
  async add(chains: readonly Digest[]): Promise<void> {
    const added = chains.filter((chain) => !this.#held.has(chain));
    if (added.length === 0) return;
    this.#file ??= this.#create();
    const { file } = await this.#file;
    await exclusively(this.locks, holdLock(this.places), async () => {
      await file.appendFile(added.map((chain) => `${stateName(chain)}\n`).join(''));
    });
    for (const chain of added) this.#held.add(chain);
  }

  async close(): Promise<void> {
    if (this.#file === undefined) return;
    const { path, file } = await this.#file;
    this.#file = undefined;
    this.#held.clear();
    await rm(path, { force: true });
    await file.close();
  }

  async #create(): Promise<{ path: string; file: FileHandle }> {
    const path = join(this.places.directory, prefix + randomBytes(8).toString('hex'));
    const file = await openLocked(this.locks, path, constants.O_CREAT | constants.O_EXCL);
    if (file === undefined) throw new Error(`${path}: another program has it locked`);
    return { path, file };
  }
}

/** What programs that run hold; the holds of others are removed. To be called under `holdLock`. */
export async function heldChains(places: RootPlaces, locks: FileLocks): Promise<Set<string>> {
  const held = new Set<string>();
  for (const name of await readdir(places.directory)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(places.directory, name);
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      throw error;
    });
    const dead = await openLocked(locks, path, 0).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    });
    if (dead === undefined) {
      for (const line of text.split('\n')) held.add(line);
    } else {
      await rm(path, { force: true });
      await dead.close();
    }
  }
  return held;
}
