import { fail } from './failure.js';
import type { SystemCalls } from './system-call.js';

const infinity = 0x7fff_ffff_ffff_ffffn;
const limitCount = 15;
const openFilesMost = 14_031n;

/** Resource limits: setrlimit(2). */
export const limitCalls: SystemCalls = {
  getrlimit: ({ memory, process, system }, args) => {
    const [current, most] = process.limits.get(checked(args.int(0))) ?? defaultLimit(system, args.int(0));
    memory.setU64(args.address(1), current);
    memory.setU64(args.address(1) + 8n, most);
    return 0;
  },
  // A current limit above the hard one is lowered to it without a word, and what the kernel cannot give is clipped.
  setrlimit: ({ memory, process, system }, args) => {
    const which = checked(args.int(0));
    const [, oldMost] = process.limits.get(which) ?? defaultLimit(system, which);
    const clip = (value: bigint): bigint => {
      const wanted = BigInt.asIntN(64, value) < 0n ? infinity : value;
      const ceiling = which === system.bindings.constants.RLIMIT_NOFILE ? openFilesMost : infinity;
      return wanted > ceiling ? ceiling : wanted;
    };
    const most = clip(memory.u64(args.address(1) + 8n));
    const wanted = clip(memory.u64(args.address(1)));
    const isRoot = process.credential.uid === 0;
    if (!isRoot && (most > oldMost || wanted > oldMost)) return fail('EPERM');
    process.limits.set(which, [wanted > most ? most : wanted, most]);
    return 0;
  },
};

function checked(which: number): number {
  return which < 0 || which >= limitCount ? fail('EINVAL') : which;
}

function defaultLimit(
  { bindings }: { bindings: { constants: { RLIMIT_NOFILE: number } } },
  which: number,
): readonly [bigint, bigint] {
  const most = which === bindings.constants.RLIMIT_NOFILE ? openFilesMost : infinity;
  return [most, most];
}
