import { readUptime } from '../kernel/freebsd/clock.js';
import { run, type FreeBSD } from '../kernel/freebsd/run.js';
import { readBootTime } from '../kernel/freebsd/sysctl.js';
import type { Boot } from '../runtime/boot.js';

/** Microseconds by which kern.boottime may differ within a boot: leap seconds, and the moments between two readings. */
const tolerance = 2_000_000n;

/** A moment of a boot, in microseconds. */
interface Moment {
  /** since 1970, when the machine was booted, by the clock of this moment */
  readonly booted: bigint;
  readonly uptime: bigint;
}

/**
 * This boot of FreeBSD. The kernel has no name for it, only the time of it, which moves with the clock when that is set:
 * ntpd(8) does so after each boot of a machine whose own clock is wrong. So the uptime is looked at as well.
 */
export async function readBoot(system: FreeBSD): Promise<Boot> {
  const now = await run(system, (b) => ({ booted: readBootTime(b), uptime: readUptime(b) }));
  return {
    mark: `${now.booted} ${now.uptime}`,
    isOf: (mark) => {
      const then = /^(\d{1,18}) (\d{1,18})$/.exec(mark);
      return then !== null && isSameBoot({ booted: BigInt(then[1] ?? 0), uptime: BigInt(then[2] ?? 0) }, now);
    },
  };
}

/** Whether one moment is later in the boot of another. */
export function isSameBoot(then: Moment, now: Moment): boolean {
  if (now.uptime < then.uptime) return false;
  const moved = now.booted - then.booted;
  if (moved <= tolerance && moved >= -tolerance) return true;
  // The clock was set, or the machine was booted anew: that cannot have been before the earlier moment.
  return now.booted + tolerance < then.booted + then.uptime;
}
