import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUp } from '../daemon/launcher.js';
import { ClosedError } from '../../ttrpc/status.js';
import { findTask, isGone, isUnknown, methods, type Task } from '../daemon/task.js';
import { tryLock } from '../kernel.js';
import { bundleOf, containersFolder, lockOf } from '../places.js';
import { toNanoseconds } from '../../proto/timestamp.js';
import { reason } from '../../runtime/error.js';
import type { Container } from '../state/containers.js';
import type { Engine } from './engine.js';
import { removeAll, removeBundle } from './remove.js';

/** containerd.v1.types.Status */
const stopped = 3;
/** What a container that was lost with its daemon is said to have ended with: as if by SIGKILL, which it was. */
const killed = 137;

/**
 * Undoes what a `jailer` that was killed left half-done, and removes containers of `--rm` that are known to have ended. Every
 * command does it first. What runs is not asked: that would take the longer the more runs.
 */
export async function settleLeft(engine: Engine, tell: Tell): Promise<void> {
  await removeStrays(engine, tell);
  await each(engine.containers.unsettled(), tell, async (container) => {
    if (container.phase === 'ended') await removeIfWanted(engine, container);
    else await undo(engine, container);
  });
}

/**
 * Brings the table up to date: containers that have ended since are taken from the daemon, and those of `--rm` removed.
 * Who shows containers does it first, so that nothing need wait in the background for the end of a detached one.
 */
export async function settleAll(engine: Engine, tell: Tell): Promise<void> {
  await each(engine.containers.list(), tell, (container) => settleOne(engine, container));
}

/** The same for one container. */
export async function settleOne(engine: Engine, container: Container): Promise<void> {
  if (container.phase === 'started' && (await hasEnded(engine, container))) {
    await removeIfWanted(engine, container);
  }
}

type Tell = (line: string) => void;

/** One that cannot be settled must not keep the others from being used. */
async function each(
  containers: readonly Container[],
  tell: Tell,
  work: (container: Container) => Promise<void>,
): Promise<void> {
  await Promise.all(
    containers.map(async (container) => {
      try {
        await work(container);
      } catch (error) {
        tell(`jailer: container ${container.name}: ${reason(error)}`);
      }
    }),
  );
}

async function undo(engine: Engine, { id }: Container): Promise<void> {
  await unlessLocked(engine, id, async (container) => {
    if (container.phase === 'making' || container.phase === 'removing') {
      await removeAll(engine, container);
    } else if (container.phase === 'starting') {
      await cleanUp(engine.places, id);
      if (container.settings.autoRemove) await removeAll(engine, container);
      else engine.containers.setPhase(id, 'made');
    }
  });
}

async function removeIfWanted(engine: Engine, { id, settings }: Container): Promise<void> {
  if (!settings.autoRemove) return;
  await unlessLocked(engine, id, async (container) => {
    if (container.phase === 'ended') await removeAll(engine, container);
  });
}

/** Does something to a container that no other process is at work on. */
async function unlessLocked(
  engine: Engine,
  id: string,
  work: (container: Container) => Promise<void>,
): Promise<void> {
  const path = lockOf(engine.places, id);
  const lock = tryLock(path);
  if (lock === undefined) return;
  try {
    // It may have changed until the lock was ours; if it was removed, the lock's file was just made anew.
    const container = engine.containers.get(id);
    if (container === undefined) rmSync(path, { force: true });
    else await work(container);
  } finally {
    lock.release();
  }
}

/** Whether a container that was started has ended; if so, that is written down before the daemon may forget it. */
export async function hasEnded(engine: Engine, container: Container): Promise<boolean> {
  const task = findTask(engine.places, container.id);
  try {
    return await takeEnd(engine, container, task);
  } finally {
    task?.close();
  }
}

/**
 * Asks the daemon whether a container has ended, writes down how, and has the daemon forget it.
 *
 * @param task undefined when no daemon is known
 */
export async function takeEnd(engine: Engine, { id }: Container, task: Task | undefined): Promise<boolean> {
  try {
    if (task === undefined) throw new ClosedError('its daemon was never started');
    const state = await task.call(methods.State);
    if (state.status !== (stopped as typeof state.status)) return false;
    const at = state.exitedAt === null ? Date.now() : Number(toNanoseconds(state.exitedAt) / 1_000_000n);
    engine.containers.setEnded(id, state.exitStatus, at);
    await task.call(methods.Delete);
  } catch (error) {
    if (isGone(error)) await cleanUp(engine.places, id);
    else if (!isUnknown(error)) throw error;
    // If another process took the end from the daemon, it wrote it down before, and this changes nothing.
    engine.containers.setEnded(id, killed, Date.now());
  }
  return true;
}

/** Locks and folders whose row is gone, or never came, as those of a build's steps: their process was killed. */
async function removeStrays(engine: Engine, tell: Tell): Promise<void> {
  const { places } = engine;
  const ids = new Set(engine.containers.ids());
  for (const name of readdirSync(containersFolder(places))) {
    const id = name.replace(/\.lock$/, '');
    if (ids.has(id) || id === name) continue;
    const lock = tryLock(lockOf(places, id));
    if (lock === undefined) continue;
    try {
      // The row may have come since the list was made.
      if (engine.containers.get(id) === undefined) await removeStray(engine, id);
    } catch (error) {
      tell(`jailer: what is left of ${id}: ${reason(error)}`);
    } finally {
      lock.release();
    }
  }
}

async function removeStray(engine: Engine, id: string): Promise<void> {
  const { places } = engine;
  const bundle = bundleOf(places, id);
  // Written before a daemon is asked for anything.
  if (existsSync(join(bundle, 'config.json'))) await cleanUp(places, id);
  if (existsSync(bundle)) removeBundle(bundle);
  // A step has a root before it has a bundle, and after it.
  await (await engine.images()).roots.remove(id);
  rmSync(lockOf(places, id), { force: true });
}
