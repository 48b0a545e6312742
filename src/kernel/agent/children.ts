import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import type { Bindings } from '../bindings/types.js';
import type { Child, ChildExit, ChildKernel, ChildMaker, ChildStdio } from '../child.js';
import { isKernelError } from '../error.js';
import type { ExitWatch } from '../freebsd/exit-watch.js';
import { close, open } from '../freebsd/file.js';
import type { ResultOf } from '../freebsd/batch-builder.js';
import { run, type FreeBSD } from '../freebsd/run.js';
import { sendSignal } from '../freebsd/signal.js';
import { waitFor, type ChildEvent } from '../freebsd/wait.js';
import { exitStatusOf } from '../freebsd/wait-status.js';
import { spawnAgent, type Spawn } from './start.js';

// As containerd counts an exit that nobody saw.
const unknownStatus = 255;

/** What children of this process are made with. */
export interface SpawnOptions {
  /** Tells how they ended; without it Node does, who knows no real-time signals. */
  readonly exits?: ExitWatch;
  /** The bindings of this host: without them each agent is asked for its kernel's release. */
  readonly bindings?: Bindings;
  /** How the agent is started; child_process.spawn if it is not given. */
  readonly spawn?: Spawn;
}

/**
 * Makes children of this process: agents, for whom Node waits. Nobody else may.
 *
 * @param path of the agent
 */
export function spawnedChildren(path: string, { exits, bindings, spawn }: SpawnOptions = {}): ChildMaker {
  return {
    start: async (stdio) => {
      const { agent, child } = await spawnAgent({
        path,
        stdio: spawnStdio(stdio),
        syscalls: bindings?.syscalls,
        spawn,
      });
      const { pid } = agent;
      const told = nodeExit(child);
      // What Node says is right but for those signals: it will do where there are no events.
      const watched = exits?.watch(pid).catch(() => undefined);
      const exited = told.then(async ({ status, at }): Promise<ChildExit> => {
        await watched;
        const seen = await exits?.statusOf(pid).catch(() => undefined);
        return { status: seen ?? status, at };
      });
      return {
        kernel: agent,
        pid,
        exited,
        abandon: async () => {
          // Node forgets the pid as it waits for the child: what it kills is never somebody else.
          child.kill('SIGKILL');
          await exited;
          agent.close();
        },
      };
    },
  };
}

/** How Node says that a child ended. */
function nodeExit(child: ChildProcess): Promise<ChildExit> {
  return new Promise((resolve) => {
    const tell = (code: number | null, signal: NodeJS.Signals | null): void => {
      resolve({ status: code ?? 128 + constants.signals[signal ?? 'SIGKILL'], at: Date.now() });
    };
    if (child.exitCode !== null || child.signalCode !== null) tell(child.exitCode, child.signalCode);
    else child.once('exit', tell);
  });
}

function spawnStdio([input, output, errors]: ChildStdio): [
  'ignore' | number,
  'ignore' | number,
  'ignore' | number,
] {
  const one = (descriptor: number | 'null'): 'ignore' | number =>
    descriptor === 'null' ? 'ignore' : descriptor;
  return [one(input), one(output), one(errors)];
}

/** An agent that can have children, which are agents like it. */
export interface ForkingKernel extends ChildKernel {
  fork(): Promise<ForkingKernel>;
}

/**
 * Makes children on the machine of an agent: each the child of an agent of its own that does nothing but wait for it,
 * as a wait that blocks keeps an agent from all else. Descriptors are those of the agent given.
 */
export function forkedChildren(parent: ForkingKernel, bindings: Bindings): ChildMaker {
  return {
    start: async (stdio) => {
      const waiter = await parent.fork();
      const agent = await waiter.fork().catch(async (error: unknown) => {
        await dismiss(parent, waiter, bindings);
        throw error;
      });
      const exited = endOf(parent, waiter, agent, bindings);
      const child: Child = {
        kernel: agent,
        pid: agent.pid,
        exited,
        abandon: async () => {
          await run({ kernel: parent, bindings }, (b) => {
            return b.attempt(() => sendSignal(b, agent.pid, 'SIGKILL'));
          });
          await exited;
          agent.close();
        },
      };
      try {
        await redirect({ kernel: agent, bindings }, stdio);
        return child;
      } catch (error) {
        await child.abandon();
        throw error;
      }
    },
  };
}

async function endOf(
  parent: ForkingKernel,
  waiter: ForkingKernel,
  { pid }: ForkingKernel,
  bindings: Bindings,
): Promise<ChildExit> {
  try {
    const told = await run({ kernel: waiter, bindings }, (b) => waitFor(b, { pid }, { blocking: true }));
    const at = Date.now();
    await dismiss(parent, waiter, bindings);
    return { status: statusOf(told), at };
  } catch {
    // The machine is lost, or the one that would have told was killed: nobody will ever know.
    return { status: unknownStatus, at: Date.now() };
  }
}

function statusOf(told: ChildEvent | undefined): number {
  const event = told?.event;
  return event?.kind === 'exited' || event?.kind === 'killed' ? exitStatusOf(event) : unknownStatus;
}

/** Ends an agent and waits for it. */
async function dismiss(parent: ForkingKernel, agent: ForkingKernel, bindings: Bindings): Promise<void> {
  agent.close();
  const gone = await run({ kernel: parent, bindings }, (b) => {
    return b.attempt(() => waitFor(b, { pid: agent.pid }, { blocking: true }));
  });
  if (isKernelError(gone) && gone.code !== 'ECHILD') throw gone;
}

/** Gives a process its standard descriptors, out of those that it has. */
async function redirect(system: FreeBSD, stdio: ChildStdio): Promise<void> {
  await run(system, (b) => {
    const { F_DUPFD_CLOEXEC } = b.bindings.constants;
    // Copies first, above the three: one of the three may be the source of another.
    const copy = (descriptor: number | ResultOf): ResultOf => {
      return b.call('fcntl', [descriptor, F_DUPFD_CLOEXEC, 3], {
        object: typeof descriptor === 'number' ? `descriptor ${descriptor}` : 'null device',
      });
    };
    const sources = stdio.map((descriptor) => {
      if (descriptor !== 'null') return copy(descriptor);
      // It may have been given one of the three, if the agent has them not.
      const opened = open(b, '/dev/null', { access: 'read and write' }).value;
      const copied = copy(opened);
      close(b, opened);
      return copied;
    });
    sources.forEach((source, to) => b.call('dup2', [source, to], { object: `standard descriptor ${to}` }));
    return sources.map((source) => close(b, source));
  });
}
