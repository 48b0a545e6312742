import type { FreeBSD } from '../kernel/freebsd/run.js';
import type { Journal, JournalEntry } from '../runtime/journal.js';
import { removeRuleset, rulesetKind, type RulesetDetail } from './devices/ruleset.js';
import { belowOf } from './mounts/bare-path.js';
import { copiedKind, restoreCopied, type CopiedDetail } from './mounts/copy-file.js';
import { mountedKind, mountKind, type MountDetail, type MountedDetail } from './mounts/detail.js';
import { unmountMounted, unmountUnsure, type Warn } from './mounts/unmount.js';
import { madeKind, type MadeDetail } from './root/directories.js';
import { openRoots, type OpenRoots } from './root/open-roots.js';
import { removeMade } from './root/removal.js';

interface UndoTools {
  readonly system: FreeBSD;
  readonly roots: OpenRoots;
  readonly warn: Warn;
}

type Undo = (tools: UndoTools, detail: unknown) => Promise<void>;

const undoings: Readonly<Record<string, Undo>> = {
  [mountKind]: async ({ system, roots, warn }, detail) => {
    const mount = detail as MountDetail;
    await roots.leave((path) => belowOf(path, mount.on) !== undefined);
    await unmountUnsure(system, mount, warn);
  },
  [mountedKind]: async ({ system, roots, warn }, detail) => {
    const mounted = detail as MountedDetail;
    await roots.leave((path) => belowOf(path, mounted.on) !== undefined);
    await unmountMounted(system, mounted, warn);
  },
  [copiedKind]: async ({ roots }, detail) => {
    const copied = detail as CopiedDetail;
    const root = await roots.open(copied.root);
    if (root !== undefined) await restoreCopied(root, copied);
  },
  [rulesetKind]: ({ system }, detail) => removeRuleset(system, detail as RulesetDetail),
};

/**
 * Takes away what `makeRoot` made, last first, by the journal alone: whoever does it need not be who made it, and may do it
 * again. To be done when the jail is gone.
 *
 * @throws KernelError, at the first thing that cannot be undone: those before it may lie below it, and stay in the journal
 */
export async function undoRoot(system: FreeBSD, journal: Journal, warn: Warn): Promise<void> {
  const tools = { system, roots: openRoots(system), warn };
  const entries = journal.entries().toReversed();
  try {
    for (let next = 0; next < entries.length;) {
      const made = madeFrom(entries, next);
      const entry = entries[next];
      if (made.length > 0) {
        await undoMade(tools.roots, made, journal);
      } else if (entry !== undefined && Object.hasOwn(undoings, entry.kind)) {
        await undoings[entry.kind]?.(tools, entry.detail);
        journal.unmade(entry.seq);
      }
      next += Math.max(1, made.length);
    }
  } finally {
    await tools.roots.close();
  }
}

type MadeEntry = MadeDetail & Pick<JournalEntry, 'seq'>;

/** The entries from here on that are about what was made in one root: all of it is removed at once. */
function madeFrom(entries: readonly JournalEntry[], first: number): MadeEntry[] {
  const made: MadeEntry[] = [];
  for (const { seq, kind, detail } of entries.slice(first)) {
    if (kind !== madeKind) break;
    const one = detail as MadeDetail;
    if (made.length > 0 && made[0]?.root !== one.root) break;
    made.push({ ...one, seq });
  }
  return made;
}

async function undoMade(roots: OpenRoots, made: readonly MadeEntry[], journal: Journal): Promise<void> {
  const [first] = made;
  const root = first === undefined ? undefined : await roots.open(first.root);
  const removed = ({ seq }: MadeEntry): void => {
    journal.unmade(seq);
  };
  if (root === undefined) made.forEach(removed);
  else await removeMade(root, made, removed);
}
