import { Arena } from '../arena.js';
import { selectBindings } from '../bindings/select.js';
import type { Batch, Answer } from '../kernel.js';
import { linuxSyscalls, type SyscallNumbers } from '../linux/syscalls.js';
import type { Hello, NumberOf } from './messages.js';

// __sysctl, and kern.osreldate of sys/sysctl.h: the same on every release.
const sysctlNumber = 202;
const osreldate = [1, 24];

/** Looks system calls up in a table. */
export function numberIn(table: SyscallNumbers, hello: Hello): NumberOf {
  return (symbol) => {
    const number = table[symbol];
    if (number === undefined) {
      throw new RangeError(`${symbol}: not a system call of ${hello.platform} on ${hello.processor}`);
    }
    return number;
  };
}

/**
 * The system call numbers of the kernel under an agent. FreeBSD's depend on the release, which the agent is asked for.
 *
 * @param run runs a batch with the numbers given.
 * @throws Error if we have no bindings for that release.
 */
export async function numbersFor(
  hello: Hello,
  run: (batch: Batch, numberOf: NumberOf) => Promise<Answer>,
): Promise<SyscallNumbers> {
  if (hello.platform === 'linux') return linuxSyscalls[hello.processor];
  const arena = new Arena();
  const name = arena.array('i32', osreldate, 'mib');
  const value = arena.reserve(8);
  const size = arena.scalar('u64', 4, 'size');
  const args = [{ arena: name }, osreldate.length, { arena: value }, { arena: size }, 0, 0];
  const answer = await run(arena.batch([{ symbol: 'sysctl', args }]), () => sysctlNumber);
  if (answer.results[0]?.errno !== 0) throw new Error('agent: kern.osreldate cannot be read');
  const release = new DataView(answer.arena.buffer, answer.arena.byteOffset).getInt32(value, true);
  return selectBindings(release, hello.processor).syscalls;
}
