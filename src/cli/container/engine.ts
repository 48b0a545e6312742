import { rmSync } from 'node:fs';
import type { Context } from '../command.js';
import { CliError } from '../error.js';
import { tryLock, type Lock } from '../kernel.js';
import { openImageStore, type ImageStore } from '../image/open.js';
import { lockOf, type Places } from '../places.js';
import { containerTable, type Container, type Containers } from '../state/containers.js';
import { openState } from '../state/database.js';
import { settleLeft, settleOne } from './settle.js';

/** What works with containers. */
export interface Engine {
  readonly places: Places;
  readonly containers: Containers;
  /** The images, opened when they are first needed: most commands need none. */
  readonly images: () => Promise<ImageStore>;
}

/** Opens the containers of a data directory, and first undoes what was left by a crash. */
export async function openEngine({ places, tell, atEnd }: Context): Promise<Engine> {
  if (process.getuid?.() !== 0)
    throw new CliError('needs root, as the daemon does: run it with sudo or doas');
  const containers = containerTable(openState(places));
  atEnd(() => {
    containers.close();
  });
  let images: Promise<ImageStore> | undefined;
  atEnd(async () => {
    // One that could not be opened has been told of by who needed it.
    await (await images?.catch(() => undefined))?.close();
  });
  const engine: Engine = { places, containers, images: () => (images ??= openImageStore(places)) };
  await settleLeft(engine, tell);
  return engine;
}

/**
 * Finds a container by its name, its id, or the beginning of its id, as it is now.
 *
 * @throws CliError if there is none, or several
 */
export async function findContainer(engine: Engine, word: string): Promise<Container> {
  const { containers } = engine;
  const found = containers.named(word) ?? containers.get(word) ?? beginningWith(containers, word);
  if (found !== undefined) await settleOne(engine, found);
  const now = found && containers.get(found.id);
  if (now === undefined) {
    throw new CliError(`there is no container ${JSON.stringify(word)}: see jailer ps -a`);
  }
  return now;
}

function beginningWith(containers: Containers, word: string): Container | undefined {
  const [found, another] = word === '' ? [] : containers.list().filter(({ id }) => id.startsWith(word));
  if (another === undefined) return found;
  throw new CliError(`${JSON.stringify(word)} begins several ids: give more of it`);
}

/** A container that is this process's own until the lock is released, as it is now; undefined if it was removed meanwhile. */
export interface LockedContainer {
  readonly lock: Lock;
  readonly container: Container | undefined;
}

/** Takes the container for this process alone. @throws CliError if another has it */
export function lockContainer(engine: Engine, found: Container): LockedContainer {
  const locked = tryLockContainer(engine, found);
  if (locked !== undefined) return locked;
  throw new CliError(`container ${found.name} is being started or removed by another jailer: try again`);
}

/** The same. @returns undefined if another has it */
export function tryLockContainer(
  { places, containers }: Engine,
  { id }: Container,
): LockedContainer | undefined {
  const path = lockOf(places, id);
  const lock = tryLock(path);
  if (lock === undefined) return undefined;
  // What was found may have been started, or removed, until the lock was ours; the file of the lock was made anew then.
  const container = containers.get(id);
  if (container === undefined) rmSync(path, { force: true });
  return { lock, container };
}
