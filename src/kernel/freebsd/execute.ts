import type { BatchBuilder } from './batch-builder.js';
import { checkNonEmpty } from './check.js';

/** A program and what it is given. */
export interface Program {
  /** Absolute, as the process that becomes it sees it. */
  readonly path: string;
  /** argv: its own name first. */
  readonly args: readonly string[];
  /** `NAME=value` each. */
  readonly environment: readonly string[];
}

/** ARG_MAX of sys/syslimits.h on 64-bit platforms, with each NUL; 12 takes half of it, and says E2BIG. */
const maxArguments = 512 * 1024;

/** Refuses a program that could not be run, naming the field. Throws a RangeError. */
export function checkProgram(b: Pick<BatchBuilder, 'bindings'>, { path, args, environment }: Program): void {
  checkNonEmpty('path', path, b.bindings.constants.MAXPATHLEN);
  if (!path.startsWith('/')) throw new RangeError(`path: '${path}' is not absolute`);
  if (args.length === 0) throw new RangeError('args: empty');
  args.forEach((value, index) => {
    if (value.includes('\0')) throw new RangeError(`args[${index}]: contains a NUL`);
  });
  const bytes = [...args, ...environment].reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0);
  if (bytes > maxArguments) {
    throw new RangeError(`args and environment: ${bytes} bytes, at most ${maxArguments}`);
  }
  environment.forEach((value, index) => {
    if (value.includes('\0')) throw new RangeError(`environment[${index}]: contains a NUL`);
    if (value.indexOf('=') < 1) throw new RangeError(`environment[${index}]: '${value}' is not NAME=value`);
  });
}

/**
 * Makes the caller another program: execve(2), the last call of a batch that `become` of an agent runs. Nobody answers
 * once it succeeds. ENOENT also means that a script's interpreter is missing, EACCES that nobody may execute it.
 */
export function execute(b: BatchBuilder, program: Program): void {
  checkProgram(b, program);
  const args = [
    { arena: b.arena.text(program.path, 'path') },
    { arena: b.arena.textList(program.args, 'args') },
    { arena: b.arena.textList(program.environment, 'environment') },
  ];
  b.call('execve', args, { object: program.path });
}
