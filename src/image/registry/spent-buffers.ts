import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes between two collections: a fraction of what V8 lets pass before it looks at memory outside of its heap. */
const interval = 4 * 1024 * 1024;

type Collect = (options: { readonly type: 'minor' }) => void;

let collect: Collect | undefined;
let passed = 0;

/**
 * Has the buffers collected that bytes came in, once so many have come. Each is of use for a moment, but V8 sees only
 * the small objects that stand for them, and lets some 64 MiB of them pile up. A minor collection takes a millisecond.
 */
export function countSpentBytes(bytes: number): void {
  passed += bytes;
  if (passed < interval) return;
  passed = 0;
  collect ??= exposeCollect();
  collect({ type: 'minor' });
}

function exposeCollect(): Collect {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as Collect;
}
