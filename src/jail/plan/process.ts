/** Who a process is: numbers, or a name that only the image's own passwd(5) and group(5) can turn into numbers. */
export type UserPlan =
  | { readonly kind: 'ids'; readonly uid: number; readonly gid: number }
  /** as in an image's USER: `user`, `uid`, `user:group`, `uid:gid` and their mixtures; not yet looked up */
  | { readonly kind: 'name'; readonly user: string };

/** The limits of setrlimit(2) by their names in FreeBSD. */
export const rlimitNames = [
  'RLIMIT_CPU',
  'RLIMIT_FSIZE',
  'RLIMIT_DATA',
  'RLIMIT_STACK',
  'RLIMIT_CORE',
  'RLIMIT_RSS',
  'RLIMIT_MEMLOCK',
  'RLIMIT_NPROC',
  'RLIMIT_NOFILE',
  'RLIMIT_SBSIZE',
  'RLIMIT_VMEM',
  'RLIMIT_NPTS',
  'RLIMIT_SWAP',
  'RLIMIT_KQUEUES',
  'RLIMIT_UMTXP',
] as const;

export type RlimitName = (typeof rlimitNames)[number];

export interface RlimitPlan {
  readonly name: RlimitName;
  /** at most `hard`; RLIM_INFINITY of FreeBSD (2^63 - 1) for no limit */
  readonly soft: bigint;
  readonly hard: bigint;
}

/** A process of a container, the first one or one of exec. Its program, user and cwd were not looked up yet. */
export interface ProcessPlan {
  /** at least one */
  readonly args: readonly [string, ...string[]];
  /** `NAME=value`, each name once. HOME is absent if nothing set it: it then comes from passwd(5). */
  readonly env: readonly string[];
  /** absolute and in plain form, as the container sees it */
  readonly cwd: string;
  readonly user: UserPlan;
  readonly additionalGids: readonly number[];
  /** 9 bits */
  readonly umask: number;
  readonly terminal: boolean;
  /** the terminal's first size in characters */
  readonly consoleSize: { readonly width: number; readonly height: number } | undefined;
  /** each name once */
  readonly rlimits: readonly RlimitPlan[];
  /** PROC_NO_NEW_PRIVS_CTL of procctl(2), where the kernel has it */
  readonly noNewPrivileges: boolean;
}
