import { reason, RuntimeError } from '../runtime/error.js';
import type { Journal } from '../runtime/journal.js';

/** Takes away what an entry of the journal says was about to be made. It may be gone already, or never have been there. */
export type Undo = (detail: unknown) => Promise<void>;

/** How to take away each kind of thing. */
export type Undoers = ReadonlyMap<string, Undo>;

/**
 * Takes away those things of a journal that there are undoers for, the latest first, and what was taken away out of the
 * journal. All is tried, whatever became of the rest; what could not be taken away stays in the journal, for the next time.
 *
 * @param owner whose journal it is, for the message
 * @throws RuntimeError failed, with every failure in one line
 */
export async function undoAll(journal: Journal, undoers: Undoers, owner: string): Promise<void> {
  const failures: string[] = [];
  for (const { seq, kind, detail } of journal.entries().reverse()) {
    const undo = undoers.get(kind);
    if (undo === undefined) continue;
    try {
      await undo(detail);
      journal.unmade(seq);
    } catch (error) {
      failures.push(reason(error));
    }
  }
  if (failures.length > 0) {
    throw new RuntimeError('failed', `clean-up of container ${owner}: ${failures.join('; ')}`);
  }
}
