import type { ContainerStore } from '../store/containers.js';
import type { Journal } from '../runtime/journal.js';
import type { ContainerKey } from '../runtime/key.js';
import type { ContainerRecords } from '../task/tasks.js';
import type { LeftOvers } from './left-over.js';

/** The journal of one container in the store. */
export function storedJournal(store: ContainerStore, key: ContainerKey): Journal {
  return {
    making: (kind, detail) => store.making(key, kind, detail),
    unmade: (seq) => {
      store.unmade(key, seq);
    },
    entries: () => store.made(key),
  };
}

/** The records of the Task service, kept in the store. */
export function storedRecords(store: ContainerStore, leftOvers: Pick<LeftOvers, 'clear'>): ContainerRecords {
  return {
    clear: async (key) => {
      await leftOvers.clear(key);
    },
    add: (key, bundle) => {
      store.add(key, bundle);
      return storedJournal(store, key);
    },
    setPid: (key, pid) => {
      store.setPid(key, pid);
    },
    remove: (key) => {
      store.remove(key);
    },
  };
}
