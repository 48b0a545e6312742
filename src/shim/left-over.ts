import { reason } from '../runtime/error.js';
import { keyString, type ContainerKey } from '../runtime/key.js';
import type { Runtime } from '../runtime/runtime.js';
import type { ContainerRow, ContainerStore } from '../store/containers.js';
import { storedJournal } from './records.js';

/**
 * Removes what was made for a container that no task knows (any more), by the list of it, and then its row.
 *
 * @returns the row, or undefined if the store knows of no such container
 */
export async function removeLeftOver(
  store: ContainerStore,
  runtime: Runtime,
  key: ContainerKey,
): Promise<ContainerRow | undefined> {
  const row = store.get(key);
  if (row === undefined) return undefined;
  const journal = storedJournal(store, key);
  if (journal.entries().length > 0) await runtime.cleanUp(key, row.bundle, journal);
  store.remove(key);
  return row;
}

/** Of so many containers the remains are removed at the same time, unless somebody waits for more. */
const atOnce = 4;

/** The containers on record that no task knows: those of a daemon that died, and those of which something could not be removed. */
export interface LeftOvers {
  /**
   * Removes what is left of this container, which no task may know, at once; waits when that is under way.
   * What cannot be removed stays on record, to be tried again.
   *
   * @returns the pid that its init process had; undefined if nothing of it was left
   */
  readonly clear: (key: ContainerKey) => Promise<number | undefined>;
  /** The pid of a container of a dead daemon that was removed before anybody asked for it. It is told once. */
  readonly takePid: (key: ContainerKey) => number | undefined;
  /** true until all that was on record at the beginning was tried */
  readonly busy: boolean;
  /** resolves then */
  readonly done: Promise<void>;
}

/**
 * Begins to remove all that is on record. Nobody needs to wait for it: who asks for one container waits for that one only.
 */
export function createLeftOvers(
  store: ContainerStore,
  runtime: Runtime,
  warn: (key: ContainerKey, message: string) => void,
): LeftOvers {
  const underWay = new Map<string, Promise<number | undefined>>();
  const pids = new Map<string, number>();
  /** Those that nobody has turned to: a row of the same key that comes later is a living container's. */
  const waiting = new Map<string, ContainerKey>(store.list().map((row) => [keyString(row), row]));

  const clear = (key: ContainerKey): Promise<number | undefined> => {
    const name = keyString(key);
    waiting.delete(name);
    const known = underWay.get(name);
    if (known !== undefined) return known;
    const clearing = removeLeftOver(store, runtime, key).then((row) => row?.pid);
    underWay.set(name, clearing);
    const forget = (): void => {
      underWay.delete(name);
    };
    clearing.then(forget, forget);
    return clearing;
  };
  const work = async (): Promise<void> => {
    for (const [name, key] of waiting) {
      try {
        pids.set(name, (await clear(key)) ?? 0);
        warn(key, 'removed what a daemon that died had left');
      } catch (error) {
        warn(key, `cannot remove what a daemon that died had left: ${reason(error)}`);
      }
    }
  };
  let busy = true;
  const done = Promise.all(Array.from({ length: atOnce }, work)).then(() => {
    busy = false;
  });
  return {
    clear,
    takePid: (key) => {
      const pid = pids.get(keyString(key));
      pids.delete(keyString(key));
      return pid;
    },
    get busy() {
      return busy;
    },
    done,
  };
}
