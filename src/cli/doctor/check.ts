import type { HealthCheck } from '../../network/health.js';

/** One thing that was looked at. */
export interface Check extends HealthCheck {
  /** What alone needs it: without it, nothing else is worse for that. Missing if all do. */
  readonly only?: string;
}

/** What is said of something that is not as it should be. */
export interface Shortfall {
  /** what is wrong, in one line */
  readonly problem: string;
  /** what an administrator does about it: the very line to add, or the command */
  readonly remedy: string;
}

/** @param shortfall undefined when all is well */
export function check(name: string, shortfall: Shortfall | undefined, only?: string): Check {
  return { name, ok: shortfall === undefined, ...shortfall, ...(only !== undefined && { only }) };
}
