import type { JailRule } from '../../kernel/freebsd/rctl-rule.js';

/** What a container may use. Nothing of it exists on a kernel without kern.racct.enable=1, but for `cpus`. */
export interface ResourcesPlan {
  readonly rules: readonly RctlRule[];
  /** numbers of processors, rising; undefined for all */
  readonly cpus: readonly number[] | undefined;
}

/** A rule of rctl(8) without its subject, which is the jail by its full name. */
export interface RctlRule extends Omit<JailRule, 'jail'> {
  readonly per?: 'process' | 'user';
  /** the field of the spec that asks for it, for messages */
  readonly field: string;
}
