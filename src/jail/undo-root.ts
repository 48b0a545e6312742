import type { FreeBSD } from '../kernel/freebsd/run.js';
import type { Journal } from '../runtime/journal.js';
import { removeRuleset, rulesetKind, type RulesetDetail } from './devices/ruleset.js';
import { copiedKind, restoreCopied, type CopiedDetail } from './mounts/copy-file.js';
import { mountedKind, mountKind, type MountDetail, type MountedDetail } from './mounts/detail.js';
import { unmountMounted, unmountUnsure, type Warn } from './mounts/unmount.js';
import { madeKind, removeMade, type MadeDetail } from './root/directories.js';

type Undo = (system: FreeBSD, detail: unknown, warn: Warn) => Promise<void>;

const undoings: Readonly<Record<string, Undo>> = {
  [mountKind]: (system, detail, warn) => unmountUnsure(system, detail as MountDetail, warn),
  [mountedKind]: (system, detail, warn) => unmountMounted(system, detail as MountedDetail, warn),
  [copiedKind]: (system, detail) => restoreCopied(system, detail as CopiedDetail),
  [madeKind]: (system, detail) => removeMade(system, detail as MadeDetail),
  [rulesetKind]: (system, detail) => removeRuleset(system, detail as RulesetDetail),
};

/**
 * Takes away what `makeRoot` made, last first, by the journal alone: whoever does it need not be who made it, and may do it
 * again. To be done when the jail is gone.
 *
 * @throws KernelError, at the first thing that cannot be undone: those before it may lie below it, and stay in the journal
 */
export async function undoRoot(system: FreeBSD, journal: Journal, warn: Warn): Promise<void> {
  for (const { seq, kind, detail } of journal.entries().toReversed()) {
    const undo = Object.hasOwn(undoings, kind) ? undoings[kind] : undefined;
    if (undo === undefined) continue;
    await undo(system, detail, warn);
    journal.unmade(seq);
  }
}
