import type { JailParameters } from '../../kernel/freebsd/jail-parameters.js';

/**
 * The parameters of jail_set(2) for a jail: all but its name, path, devfs_ruleset and those of its network.
 * `settleParameters` makes of them what a kernel and a parent jail can take.
 */
export interface ParametersPlan {
  /** What the spec asks for. It is an error if it cannot be had. */
  readonly asked: JailParameters;
  /** What is best where the spec says nothing. Names are none of those in `asked`. */
  readonly defaults: JailParameters;
}
