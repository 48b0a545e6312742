/** What a container may use. Nothing of it exists on a kernel without kern.racct.enable=1, but for `cpus`. */
export interface ResourcesPlan {
  readonly rules: readonly RctlRule[];
  /** numbers of processors, rising; undefined for all */
  readonly cpus: readonly number[] | undefined;
}

/** A rule of rctl(8) without its subject, which is the jail by its full name. */
export interface RctlRule {
  /** as "memoryuse" */
  readonly resource: string;
  /** "deny", "throttle", "log", "devctl" or a signal as "sigkill" */
  readonly action: string;
  /** plain units: bytes, a number of things, percent of one processor, seconds */
  readonly amount: bigint;
  /** each process or user of the jail by itself; undefined: the jail as a whole */
  readonly per: 'process' | 'user' | undefined;
  /** the field of the spec that asks for it, for messages */
  readonly field: string;
}
