import { readStruct } from '../layout.js';
import type { BatchBuilder, Step } from './batch-builder.js';

/** How long the machine has been up, in microseconds: clock_gettime(2), CLOCK_UPTIME. Setting the clock does not change it. */
export function readUptime(b: BatchBuilder): Step<bigint> {
  const { constants, layouts } = b.bindings;
  const at = b.arena.reserve(layouts.timespec.size);
  const value = b.call('clock_gettime', [constants.CLOCK_UPTIME, { arena: at }], { object: 'uptime' });
  return {
    value,
    decode: ({ arena }) => {
      const { tv_sec, tv_nsec } = readStruct(arena, at, layouts.timespec);
      return tv_sec * 1_000_000n + tv_nsec / 1000n;
    },
  };
}
