import type { ChildMaker } from '../../src/kernel/child.js';
import type { Batch, Kernel } from '../../src/kernel/kernel.js';

/** What was asked: of the host's kernel in batches of calls, and of agents, each a message to another process. */
export class Counter {
  batches: Batch[] = [];
  roundTrips = 0;
  /** Milliseconds of processor time that kernels took to answer. */
  answering = 0;

  host(kernel: Kernel): Kernel {
    return {
      platform: kernel.platform,
      run: (batch) => {
        this.batches.push(batch);
        return this.#timed(() => kernel.run(batch));
      },
      close: () => {
        kernel.close();
      },
    };
  }

  children(maker: ChildMaker): ChildMaker {
    return {
      start: async (stdio) => {
        this.roundTrips += 1;
        const child = await maker.start(stdio);
        const { kernel } = child;
        return {
          ...child,
          kernel: {
            platform: kernel.platform,
            pid: kernel.pid,
            run: (batch) => {
              this.roundTrips += 1;
              return this.#timed(() => kernel.run(batch));
            },
            become: (batch, object) => {
              this.roundTrips += 1;
              return kernel.become(batch, object);
            },
            close: () => {
              kernel.close();
            },
          },
        };
      },
    };
  }

  /** The simulated kernel answers before it returns. */
  #timed<T>(ask: () => T): T {
    const begun = process.cpuUsage();
    const answer = ask();
    const { user, system } = process.cpuUsage(begun);
    this.answering += (user + system) / 1000;
    return answer;
  }

  /** What was counted since the last time, and what the batches were for. */
  take(): Cost {
    const { batches, roundTrips } = this;
    [this.batches, this.roundTrips] = [[], 0];
    const calls = batches.reduce((sum, batch) => sum + batch.calls.length, 0);
    return { counted: [batches.length, calls, roundTrips], purposes: batches.map(purposeOf) };
  }
}

export interface Cost {
  readonly counted: readonly [batches: number, calls: number, roundTrips: number];
  readonly purposes: readonly string[];
}

/** What a batch is for, by the calls that it is made for; the first that is in it decides. */
const purposes: readonly (readonly [symbol: string, purpose: string])[] = [
  ['nmount', 'mount'],
  ['unmount', 'unmount'],
  ['mkdirat', 'make mount points'],
  ['unlinkat', 'remove mount points'],
  ['jail_set', 'make the jail'],
  ['jail_remove', 'remove the jail'],
  ['jail_get', 'look for jails'],
  ['ioctl', 'rule devices'],
  ['rctl_add_rule', 'limit'],
  ['rctl_remove_rule', 'limit'],
  ['cpuset_setaffinity', 'limit'],
  ['sysctl', 'ask what the kernel has'],
  ['kill', 'kill'],
  ['readlinkat', 'find a path'],
  ['fstat', 'open a mount point'],
  ['statfs', 'look at a source'],
  ['fstatfs', 'open a root'],
  ['close', 'close'],
];

function purposeOf({ calls }: Batch): string {
  const symbols = new Set(calls.map(({ symbol }) => symbol));
  return purposes.find(([symbol]) => symbols.has(symbol))?.[1] ?? [...symbols].join(' ');
}

/** "find a path 3, mount 2" */
export function summed(all: readonly string[]): string {
  const kinds = [...new Set(all)];
  return kinds.map((kind) => `${kind} ${all.filter((one) => one === kind).length}`).join(', ');
}
