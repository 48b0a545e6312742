import { reason } from '../runtime/error.js';
import { keyString, type ContainerKey } from '../runtime/key.js';
import type { Runtime } from '../runtime/runtime.js';
import type { ContainerRow, ContainerStore } from '../store/containers.js';
import { storedJournal } from './records.js';

/**
 * Removes what a daemon that died had made for a container, and then its row.
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
  await runtime.cleanUp(key, row.bundle, storedJournal(store, key));
  store.remove(key);
  return row;
}

/** Of so many containers the remains are removed at the same time. */
const atOnce = 4;

/**
 * Removes all of them; a container of which something cannot be removed stays in the store, to be tried again.
 *
 * @returns the pids of the init processes of those that were removed, by their keys
 */
export async function removeAllLeftOver(
  store: ContainerStore,
  runtime: Runtime,
  warn: (key: ContainerKey, message: string) => void,
): Promise<Map<string, number>> {
  const removed = new Map<string, number>();
  const rows = store.list();
  const work = async (): Promise<void> => {
    for (let row = rows.shift(); row !== undefined; row = rows.shift()) {
      try {
        await removeLeftOver(store, runtime, row);
        removed.set(keyString(row), row.pid);
        warn(row, 'removed what a daemon that died had left');
      } catch (error) {
        warn(row, `cannot remove what a daemon that died had left: ${reason(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return removed;
}
