import { change } from './change.js';
import type { Store } from './database.js';

/** What a store has to know of the machine's boot. */
export interface BootMark {
  readonly mark: string;
  isOf(mark: string): boolean;
}

/**
 * Has a store be about this boot of the machine. What it says of an earlier one is forgotten: none of it is there any
 * more, and by the numbers that it has, as those of file systems, others are called now.
 *
 * @returns how many containers were forgotten
 */
export function keepToBoot(store: Store, boot: BootMark): number {
  return change(
    store,
    store.transaction((): number => {
      store.exec('CREATE TABLE IF NOT EXISTS boot (mark TEXT NOT NULL)');
      const known = store.prepare<[], { mark: string }>('SELECT mark FROM boot').get();
      const forgotten =
        known === undefined || boot.isOf(known.mark)
          ? 0
          : store.prepare('DELETE FROM container').run().changes;
      store.exec('DELETE FROM boot');
      store.prepare('INSERT INTO boot (mark) VALUES (?)').run(boot.mark);
      return forgotten;
    }),
  );
}
