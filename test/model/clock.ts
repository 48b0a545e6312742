import { fail } from './failure.js';
import type { CallContext } from './open-file.js';
import type { Arguments } from './system-call.js';

/** clock_gettime(2), of the uptime alone. */
export function clockGettime({ memory, system }: CallContext, args: Arguments): number {
  const { constants, layouts } = system.bindings;
  if (args.int(0) !== constants.CLOCK_UPTIME) return fail('EINVAL');
  const { uptime } = system.clock;
  memory.setFields(args.address(1), layouts.timespec, {
    tv_sec: uptime / 1_000_000n,
    tv_nsec: (uptime % 1_000_000n) * 1000n,
  });
  return 0;
}
