import { requireAccess } from './file-tree.js';
import { fail } from './failure.js';
import { lookupExisting } from './lookup.js';
import type { CallContext } from './open-file.js';
import type { Process } from './process.js';
import type { Arguments } from './system-call.js';

// PAGE_SIZE: the first line of a script lies within it.
const pageSize = 4096;
const argMax = 0x40000;

/**
 * execve(2): the process becomes another program, of which the model knows no more than that it runs, unless somebody
 * plays it: inmate.ts.
 */
export function execve(context: CallContext, args: Arguments): number {
  const { memory, process, system } = context;
  const path = memory.text(args.address(0), system.bindings.constants.MAXPATHLEN);
  const argv = textList(context, args.address(1));
  const environment = textList(context, args.address(2));
  const size = [...argv, ...environment].reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0);
  if (size > argMax) fail('E2BIG');
  process.image = execute(context, path, true);
  process.descriptors.closeOnExec();
  process.setId = false;
  // P2_NOTRACE is cleared in do_execve() of kern_exec.c, unless it was asked to stay.
  process.traceable = true;
  process.caught = undefined;
  process.command = path.slice(path.lastIndexOf('/') + 1).slice(0, 19);
  process.executed = { path, argv, environment };
  system.processes.executed(process);
  return 0;
}

/** Checks that a program can be run, and the interpreter of a script too: the file that is run in the end. */
function execute(context: CallContext, path: string, mayBeScript: boolean): Buffer {
  const { process, system } = context;
  const { mount, node } = lookupExisting(system, process, process.workingDirectory, path, true);
  if (node.kind !== 'file') fail('EACCES');
  requireAccess(node, process, 1);
  if ((mount.flags & BigInt(system.bindings.constants.MNT_NOEXEC)) !== 0n) fail('EACCES');
  const data = Buffer.from(node.data);
  if (data.toString('latin1', 0, 4) === '\x7fELF') {
    if (node.data.byteLength < 8) fail('ENOEXEC');
    return data;
  }
  if (!mayBeScript || data.toString('latin1', 0, 2) !== '#!') fail('ENOEXEC');
  const end = data.indexOf('\n');
  const line = data.toString('utf8', 2, end < 0 ? data.byteLength : end);
  if (line.length + 3 > pageSize) fail('ENAMETOOLONG');
  const [interpreter = ''] = line.trim().split(/\s/);
  if (interpreter === '') fail('ENOEXEC');
  return execute(context, interpreter, false);
}

function textList({ memory }: CallContext, address: bigint): string[] {
  const list: string[] = [];
  if (address === 0n) return list;
  for (let at = address; ; at += 8n) {
    const pointer = memory.u64(at);
    if (pointer === 0n) return list;
    // The limit is on all of them together.
    list.push(memory.text(pointer, Number.POSITIVE_INFINITY));
  }
}

/** The program that a process runs, with what it was given. */
export interface Program {
  readonly path: string;
  readonly argv: readonly string[];
  readonly environment: readonly string[];
}

/** What a running program does in the end, for tests that play it. */
export function exitProgram(process: Process, code: number): void {
  process.system.processes.end(process, (code & 0xff) << 8);
}
