import type { Argument, Batch } from './kernel.js';

/** No system call of FreeBSD or Linux that we make has more arguments than fit in registers on every processor. */
export const maxArguments = 6;

/** An arena above this size is a mistake: the largest lists that a kernel returns are far smaller. */
export const maxArenaSize = 64 * 1024 * 1024;

/**
 * Refuses a batch that breaks the interface's rules, naming the place: offsets outside the arena, too many
 * arguments, integers that are not 64-bit, results of calls that have not run.
 *
 * @throws RangeError
 */
export function checkBatch(batch: Batch): void {
  const size = batch.arena.byteLength;
  if (size > maxArenaSize) throw new RangeError(`arena: ${size} bytes, at most ${maxArenaSize}`);
  for (const { at, to } of batch.fixups) {
    if (!isOffset(at, size - 8) || !isOffset(to, size)) {
      throw new RangeError(`fixup ${at} -> ${to}: outside the arena of ${size} bytes`);
    }
  }
  batch.calls.forEach(({ symbol, args }, index) => {
    if (args.length > maxArguments) {
      throw new RangeError(`${symbol}: ${args.length} arguments, at most ${maxArguments}`);
    }
    args.forEach((argument, position) => {
      if (!isValid(argument, size, index)) {
        throw new RangeError(`${symbol}: argument ${position} is not valid: ${describe(argument)}`);
      }
    });
  });
}

function isValid(argument: Argument, size: number, callIndex: number): boolean {
  if (typeof argument === 'number') return Number.isSafeInteger(argument);
  if (typeof argument === 'bigint') return argument >= -(1n << 63n) && argument < 1n << 64n;
  if ('arena' in argument) return isOffset(argument.arena, size);
  return isOffset(argument.result, callIndex - 1);
}

function isOffset(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= most;
}

function describe(argument: Argument): string {
  if (typeof argument === 'object') {
    return 'arena' in argument ? `arena offset ${argument.arena}` : `result of call ${argument.result}`;
  }
  return String(argument);
}
