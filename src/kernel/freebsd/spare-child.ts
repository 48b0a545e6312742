import { AgentGone } from '../agent.js';
import type { Child, ChildMaker, ChildStdio } from '../child.js';
import { isKernelError } from '../error.js';
import type { BatchBuilder, ResultOf } from './batch-builder.js';
import { makeSocketPair, receiveDescriptor, sendDescriptor } from './descriptor-passing.js';
import { close } from './file.js';
import { run, type FreeBSD } from './run.js';

/** Makes children of which one is always there before it is wanted. */
export interface SpareChildren extends ChildMaker {
  /** Makes the first one. Its failure is not told: the next child that is wanted is then made when it is wanted. */
  prepare(): Promise<void>;
  /** Ends the one that is there. None is made any more. */
  close(): Promise<void>;
}

/** A child without its descriptors, and the socket by which they can be passed to its descriptor 0. */
interface Spare {
  readonly child: Child;
  readonly near: number;
}

/**
 * Keeps one child ready, as starting a program takes a daemon longer than all else that a launch needs. The child gets
 * its descriptors when it is wanted, by a socket.
 *
 * @param maker makes the children, out of descriptors of `system`
 */
export function keepSpareChild(system: FreeBSD, maker: ChildMaker): SpareChildren {
  let spare: Promise<Spare | undefined> | undefined;
  let closed = false;

  const makeNext = (): Promise<Spare | undefined> => {
    if (closed) return Promise.resolve(undefined);
    // What fails now fails again, and is told, when a child is wanted.
    return makeSpare(system, maker).catch(() => undefined);
  };
  const take = async (): Promise<Spare | undefined> => {
    const taken = spare;
    spare = undefined;
    return taken;
  };

  return {
    prepare: async () => {
      spare ??= makeNext();
      await spare;
    },
    start: async (stdio) => {
      const taken = await take();
      const child =
        (taken === undefined ? undefined : await give(system, taken, stdio)) ?? (await maker.start(stdio));
      spare ??= makeNext();
      return child;
    },
    close: async () => {
      closed = true;
      const left = await take();
      if (left !== undefined) await discard(system, left);
    },
  };
}

async function makeSpare(system: FreeBSD, maker: ChildMaker): Promise<Spare> {
  const { near, far } = await run(system, (b) => makeSocketPair(b));
  try {
    return { child: await maker.start([far, 'null', 'null']), near };
  } catch (error) {
    await letGo(system, near);
    throw error;
  } finally {
    await letGo(system, far);
  }
}

/** Gives a spare child its descriptors. Undefined if it has died while nobody wanted it. */
async function give(system: FreeBSD, spare: Spare, stdio: ChildStdio): Promise<Child | undefined> {
  const { child, near } = spare;
  const inside = { kernel: child.kernel, bindings: system.bindings };
  const passed = stdio.filter((descriptor) => descriptor !== 'null');
  try {
    const numbers = await passAll(system, inside, near, passed);
    await run(inside, (b) => arrange(b, stdio, numbers));
    await letGo(system, near);
    return child;
  } catch (error) {
    await discard(system, spare);
    if (error instanceof AgentGone) return undefined;
    throw error;
  }
}

/** Passes descriptors, and answers their numbers on the other side. */
async function passAll(
  system: FreeBSD,
  inside: FreeBSD,
  near: number,
  descriptors: readonly number[],
): Promise<readonly number[]> {
  if (descriptors.length === 0) return [];
  await run(system, (b) => {
    return descriptors.map((descriptor) => sendDescriptor(b, near, descriptor, 'standard descriptor'));
  });
  return run(inside, (b) => descriptors.map(() => receiveDescriptor(b, 0, 'standard descriptor')));
}

/** Puts the descriptors that came where they belong; the others are /dev/null already, but 0 was the socket. */
function arrange(b: BatchBuilder, stdio: ChildStdio, numbers: readonly number[]): never[] {
  const [input] = stdio;
  if (input === 'null') duplicate(b, 1, 0);
  let next = 0;
  stdio.forEach((descriptor, to) => {
    if (descriptor === 'null') return;
    const from = numbers[next++];
    if (from === undefined) throw new Error('a descriptor did not come');
    duplicate(b, from, to);
    close(b, from);
  });
  return [];
}

function duplicate(b: BatchBuilder, from: number, to: number): ResultOf {
  return b.call('dup2', [from, to], { object: `standard descriptor ${to}` });
}

async function discard(system: FreeBSD, { child, near }: Spare): Promise<void> {
  await child.abandon();
  await letGo(system, near);
}

async function letGo(system: FreeBSD, descriptor: number): Promise<void> {
  const closed = await run(system, (b) => b.attempt(() => close(b, descriptor)));
  // Whatever else it says, close(2) has let go of the descriptor.
  if (isKernelError(closed, 'EBADF')) throw closed;
}
