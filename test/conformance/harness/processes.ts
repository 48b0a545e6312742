import assert from 'node:assert/strict';
import { isKernelError } from '../../../src/kernel/error.js';
import { attachJail } from '../../../src/kernel/freebsd/jail.js';
import type { ProcessInfo } from '../../../src/kernel/freebsd/process-info.js';
import { listProcesses } from '../../../src/kernel/freebsd/process-list.js';
import { run, type FreeBSD } from '../../../src/kernel/freebsd/run.js';
import { sendSignal, type SignalName } from '../../../src/kernel/freebsd/signal.js';
import { waitFor, type ChildEvent, type WaitOptions } from '../../../src/kernel/freebsd/wait.js';
import type { Case } from './case.js';
import type { Process } from './machine.js';
import { call } from './raw.js';

/** A process that a case has made. It is gone, and waited for, when the case is over. */
export interface Member {
  readonly pid: number;
  readonly process: Process;
  /** To make calls through it. */
  readonly system: FreeBSD;
}

/** The process of the host that is the parent of those that cases make. */
export function host(c: Case): Member {
  const { process } = c.machine;
  assert.ok(process, 'the machine has no processes to make');
  return { pid: process.pid, process, system: { kernel: process, bindings: c.system.bindings } };
}

/** Makes a child of a process, the host's by default. */
export async function member(c: Case, parent: Member = host(c)): Promise<Member> {
  const process = await parent.process.fork();
  c.defer(async () => {
    // It may be stopped, and then would not see that its connection ends; or somebody has waited for it already.
    await run(c.system, (b) => b.attempt(() => sendSignal(b, process.pid, 'SIGKILL')));
    process.close();
    await call(parent.process, 'wait4', () => [process.pid, 0, 0, 0]).catch(() => undefined);
  });
  return { pid: process.pid, process, system: { kernel: process, bindings: c.system.bindings } };
}

/** Makes a process that is in a jail, with / as its working directory. */
export async function jailed(c: Case, jid: number, parent: Member = host(c)): Promise<Member> {
  const made = await member(c, parent);
  await run(made.system, (b) => attachJail(b, jid));
  return made;
}

/** The errno of a call without memory, or ''. */
export async function errorOf({ process }: Member, symbol: string, ...args: number[]): Promise<string> {
  return (await call(process, symbol, () => args)).error;
}

/** What a call without memory returns, and must. */
export async function valueOf({ process }: Member, symbol: string, ...args: number[]): Promise<number> {
  const { value, error } = await call(process, symbol, () => args);
  assert.equal(error, '', symbol);
  return value;
}

/** Ends a process with a code: _exit(2). */
export async function exit({ process }: Member, code: number): Promise<void> {
  await assert.rejects(
    call(process, '_exit', () => [code]),
    { name: 'AgentGone' },
  );
}

/** Sends a signal from the host, and must. */
export async function signal(c: Case, to: Member, name: SignalName): Promise<void> {
  await c.run((b) => sendSignal(b, to.pid, name));
}

/** Waits, as its parent, until there is something to tell of a process. */
export async function waited(
  c: Case,
  child: Member,
  options: WaitOptions = {},
  parent: Member = host(c),
): Promise<ChildEvent> {
  const told = await run(parent.system, (b) =>
    waitFor(b, { pid: child.pid }, { ...options, blocking: true }),
  );
  assert.ok(told, 'wait6 said nothing');
  return told;
}

/** How a process ended, which it must. */
export async function endOf(c: Case, child: Member, parent?: Member): Promise<ChildEvent['event']> {
  return (await waited(c, child, {}, parent)).event;
}

/** What the list of processes says of one, as somebody sees it; undefined if he does not see it. */
export async function seen(by: FreeBSD, { pid }: Member): Promise<ProcessInfo | undefined> {
  return (await listProcesses(by)).find((each) => each.pid === pid);
}

/** The code of a step's error, or ''. */
export async function codeOf(doing: Promise<unknown>): Promise<string> {
  return doing.then(
    () => '',
    (error: unknown) => {
      if (!isKernelError(error)) throw error;
      return error.code;
    },
  );
}
