import { isKernelError, type KernelError } from '../../kernel/error.js';
import type { BatchBuilder, Step } from '../../kernel/freebsd/batch-builder.js';
import { run } from '../../kernel/freebsd/run.js';
import type { Root } from './root.js';
import { Walk, type Place } from './walk.js';

/** Has the descriptors of places closed at the end of a batch; what is not closed by it is closed afterwards. */
export type Release = (b: BatchBuilder) => Step<unknown>;

/**
 * Finds what paths lead to inside a root, all of them in the same batches, and does something there.
 *
 * @param act may use the descriptors of the places as long as it runs
 */
export async function visitAll<T>(
  root: Root,
  paths: readonly string[],
  act: (places: readonly (Place | KernelError)[], release: Release) => Promise<T>,
): Promise<T> {
  const walks = paths.map((path) => new Walk(root, path));
  const release: Release = (b) => releaseAll(walks, b);
  try {
    for (;;) {
      const going = walks.filter(({ outcome }) => outcome === undefined);
      if (going.length === 0) break;
      await run(root.system, (b) => going.map((walk) => walk.round(b)));
    }
    const found = walks.map(({ outcome }) => outcome).filter((outcome) => outcome !== undefined);
    return await act(found, release);
  } finally {
    if (walks.some(({ holdsDescriptors }) => holdsDescriptors)) await run(root.system, release);
  }
}

function releaseAll(walks: readonly Walk[], b: BatchBuilder): Step<void> {
  const steps = walks.map((walk) => walk.release(b));
  return {
    value: { result: -1 },
    decode: (outcome) => {
      for (const step of steps) step.decode(outcome);
    },
  };
}

/**
 * Finds what one path leads to inside a root, and does something there.
 *
 * @throws KernelError if that cannot be found out; that nothing is there is no error
 */
export async function visit<T>(
  root: Root,
  path: string,
  act: (place: Place, release: Release) => Promise<T>,
): Promise<T> {
  return visitAll(root, [path], ([place], release) => {
    if (place === undefined || isKernelError(place)) throw place ?? new Error(`${path}: no outcome`);
    return act(place, release);
  });
}
