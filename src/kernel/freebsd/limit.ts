import type { BatchBuilder, Step } from './batch-builder.js';
import { readStruct } from '../layout.js';
import { required } from './check.js';

/** A resource that setrlimit(2) knows. */
export type LimitName = Extract<keyof BatchBuilder['bindings']['constants'], `RLIMIT_${string}`>;

/** A limit of a process, by what is counted: bytes, seconds, files. */
export interface Limit {
  readonly name: LimitName;
  readonly soft: bigint;
  /** What anybody may raise `soft` to; only root, in a jail too, can raise it. */
  readonly hard: bigint;
}

/** No limit: RLIM_INFINITY of sys/resource.h. */
export const noLimit = 0x7fff_ffff_ffff_ffffn;

/** Refuses a limit that the kernel would change without a word. Throws a RangeError. */
export function checkLimit({ name, soft, hard }: Limit): void {
  checkLimitName(name);
  for (const [what, value] of [
    ['soft', soft],
    ['hard', hard],
  ] as const) {
    if (value < 0n || value > noLimit)
      throw new RangeError(`${name}.${what}: ${value} is not from 0 to 2^63 - 1`);
  }
  if (soft > hard) throw new RangeError(`${name}: soft limit ${soft} is above hard limit ${hard}`);
}

function checkLimitName(name: LimitName): void {
  if (!/^RLIMIT_[A-Z]{1,16}$/.test(name))
    throw new RangeError(`limit: '${name.slice(0, 32)}' is no name of one`);
}

/**
 * Limits the caller and what descends from it: setrlimit(2). The kernel gives less, without an error, of what it has
 * less of: RLIMIT_NOFILE is at most kern.maxfilesperproc. EPERM if the hard limit is raised by anybody but root.
 */
export function setLimit(b: BatchBuilder, limit: Limit): Step<void> {
  checkLimit(limit);
  const { constants, layouts } = b.bindings;
  const at = b.arena.struct(layouts.rlimit, { rlim_cur: limit.soft, rlim_max: limit.hard });
  const number = required(constants[limit.name], limit.name, b.bindings.release);
  const value = b.call('setrlimit', [number, { arena: at }], { object: limit.name });
  return { value, decode: () => undefined };
}

/** Asks for a limit of the caller: getrlimit(2). */
export function readLimit(b: BatchBuilder, name: LimitName): Step<Limit> {
  checkLimitName(name);
  const { constants, layouts } = b.bindings;
  const at = b.arena.reserve(layouts.rlimit.size);
  const value = b.call('getrlimit', [required(constants[name], name, b.bindings.release), { arena: at }], {
    object: name,
  });
  return {
    value,
    decode: ({ arena }) => {
      const { rlim_cur, rlim_max } = readStruct(arena, at, layouts.rlimit);
      return { name, soft: rlim_cur, hard: rlim_max };
    },
  };
}
