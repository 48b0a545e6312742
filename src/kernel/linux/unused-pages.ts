import { readFileSync } from 'node:fs';
import { isKernelError } from '../error.js';
import type { LocalKernel } from '../kernel.js';
import { adviseMemory, memoryAdvice } from './memory.js';

/** A range of this process's memory. */
export interface Range {
  readonly address: bigint;
  readonly length: bigint;
}

/** Less than this is not worth a call. */
const least = 64n * 1024n;

/**
 * Gives back the pages of programs and libraries that were needed to start and are not any more: they stay in the
 * page cache, and those that are used again come back at the cost of a minor fault. Node.js is 90 MB of which a daemon at
 * rest uses little.
 */
export function giveBackUnusedPages(kernel: LocalKernel): void {
  for (const { address, length } of cleanFileRanges(readFileSync('/proc/self/smaps', 'utf8'))) {
    try {
      adviseMemory(kernel, address, length, memoryAdvice.dontNeed);
    } catch (error) {
      // EINVAL: locked pages, for which the advice does not hold (madvise(2)).
      if (!isKernelError(error, 'EINVAL')) throw error;
    }
  }
}

/**
 * The mappings of files that cannot be written through and hold not one page of their own. The second matters:
 * a part that the dynamic linker has relocated and then protected looks the same, but its pages exist nowhere else.
 *
 * @param smaps as proc_pid_smaps(5) says
 */
export function cleanFileRanges(smaps: string): Range[] {
  const ranges: Range[] = [];
  let range: Range | undefined;
  let resident = 0;
  for (const line of smaps.split('\n')) {
    const header = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ (\d+)/.exec(line);
    if (header !== null) {
      const [, from = '0', to = '0', permissions = '', inode = '0'] = header;
      const address = BigInt(`0x${from}`);
      const length = BigInt(`0x${to}`) - address;
      const isCandidate =
        inode !== '0' && permissions[1] === '-' && permissions[3] === 'p' && length >= least;
      range = isCandidate ? { address, length } : undefined;
      continue;
    }
    const field = /^(\w+): +(\d+) kB/.exec(line);
    if (field === null || range === undefined) continue;
    const [, name, size] = field;
    if (name === 'Rss') resident = Number(size);
    if ((name === 'Anonymous' || name === 'Private_Dirty') && size !== '0') range = undefined;
    // The last of the fields that matter, on every kernel that has it.
    if (name === 'Anonymous' && range !== undefined && resident > 0) ranges.push(range);
  }
  return ranges;
}
