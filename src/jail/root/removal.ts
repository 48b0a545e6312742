import { isKernelError, type KernelError } from '../../kernel/error.js';
import type { BatchBuilder, Step } from '../../kernel/freebsd/batch-builder.js';
import { remove } from '../../kernel/freebsd/file.js';
import { run } from '../../kernel/freebsd/run.js';
import type { MadeDetail } from './directories.js';
import type { Root } from './root.js';
import { visitAll } from './visit.js';
import { hostPathOf, namesTo, type Place } from './walk.js';

/**
 * Removes what was made inside a root, as far as it is still what was made: directories that are empty, and files that
 * are. Nothing is followed: what has been moved, replaced or filled meanwhile is no longer ours.
 *
 * @param made in the order in which it is to be removed: what lies in a directory before that
 * @param removed told of each that is gone, or no longer ours
 * @throws KernelError for the first that could not be removed; nobody is told of those after it
 */
export async function removeMade<T extends MadeDetail>(
  root: Root,
  made: readonly T[],
  removed: (one: T) => void,
): Promise<void> {
  const paths = made.map(({ path }) => path);
  const results = await visitAll(root, paths, async (places, release) => {
    const { outcomes } = await run(root.system, (b) => {
      const steps = made.map((one, index) => removal(b, root, one, places[index]));
      return { released: release(b), outcomes: together(steps) };
    });
    return outcomes;
  });
  for (const [index, one] of made.entries()) {
    const result = results[index];
    if (isKernelError(result) && !othersNow.includes(result.code)) throw result;
    removed(one);
  }
}

// It is gone, full, a link, used as a mount point by others, or lies on what has become read-only.
const othersNow = ['ENOENT', 'ENOTDIR', 'ELOOP', 'EMLINK', 'ENOTEMPTY', 'EBUSY', 'EROFS', 'EPERM'];

/** Answers why it failed, if it did. */
type Removal = Step<unknown>;

function removal(
  b: BatchBuilder,
  root: Root,
  { path, kind }: MadeDetail,
  place: Place | KernelError | undefined,
): Removal {
  if (place === undefined || isKernelError(place)) return answering(place);
  const { directory, name, status } = place;
  if (name === undefined || status === undefined) return answering(undefined);
  if (status.kind !== kind || `/${namesTo(place).join('/')}` !== path) return answering(undefined);
  if (kind === 'file' && status.size > 0n) return answering(undefined);
  const object = hostPathOf(root, place);
  return b.attempt(() => remove(b, directory, name, { directory: kind === 'directory', object }));
}

function answering(result: KernelError | undefined): Removal {
  return { value: { result: -1 }, decode: () => result };
}

function together<T>(steps: readonly Step<T>[]): Step<T[]> {
  return { value: { result: -1 }, decode: (outcome) => steps.map((step) => step.decode(outcome)) };
}
