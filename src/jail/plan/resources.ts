import type { AccountedResource, JailRule } from '../../kernel/freebsd/rctl-rule.js';

/** What a container may use. Nothing of it exists on a kernel without kern.racct.enable=1, but for `cpus`. */
export interface ResourcesPlan {
  readonly rules: readonly RctlRule[];
  /** what is to have no limit, where it has one */
  readonly unlimited: readonly AccountedResource[];
  /** numbers of processors, rising; undefined for all */
  readonly cpus: readonly number[] | undefined;
}

/** A rule of rctl(8) without its subject, which is the jail by its full name. */
export interface RctlRule extends Omit<JailRule, 'jail'> {
  readonly per?: 'process' | 'user';
  /** the field of the spec that asks for it, for messages */
  readonly field: string;
}
