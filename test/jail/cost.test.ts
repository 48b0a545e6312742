import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { jailRuntime } from '../../src/jail/runtime.js';
import type { ChildMaker } from '../../src/kernel/child.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import { parseProcess } from '../../src/runtime/spec.js';
import { exitProgram } from '../model/execve.js';
import type { Json } from './planning.js';
import { RuntimeWorld } from './runtime-world.js';

/** What was asked: of the host's kernel in batches of calls, and of agents, each a message to another process. */
class Counter {
  batches = 0;
  calls = 0;
  roundTrips = 0;

  host(kernel: Kernel): Kernel {
    return {
      platform: kernel.platform,
      run: (batch) => {
        this.batches += 1;
        this.calls += batch.calls.length;
        return kernel.run(batch);
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
              return kernel.run(batch);
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

  /** What was counted since the last time. */
  take(): [batches: number, calls: number, roundTrips: number] {
    const counted: [number, number, number] = [this.batches, this.calls, this.roundTrips];
    [this.batches, this.calls, this.roundTrips] = [0, 0, 0];
    return counted;
  }
}

const everything: Json = {
  freebsd: { jail: { vnet: 'new' } },
  linux: { resources: { pids: { limit: 20 }, memory: { limit: 1_000_000 }, cpu: { cpus: '0' } } },
  mounts: [
    { destination: '/dev', type: 'devfs', source: 'devfs' },
    { destination: '/dev/fd', type: 'fdescfs', source: 'fdescfs' },
    { destination: '/tmp', type: 'tmpfs', source: 'tmpfs' },
    { destination: '/var/run', type: 'tmpfs', source: 'tmpfs' },
    { destination: '/mnt', type: 'nullfs', source: '/snapshots/s1/tmp' },
    { destination: '/srv/data', type: 'nullfs', source: '/snapshots/s1/usr', options: ['ro'] },
  ],
};

/**
 * The most that each part of a container's life may ask, as it was when this was last looked at: a change that asks more should
 * know it. Batches and calls of the host's kernel, messages to agents.
 */
const ceilings: Record<string, Record<string, [number, number, number]>> = {
  'a plain container': { create: [54, 149, 3], start: [0, 0, 1], exec: [0, 0, 4], delete: [10, 31, 0] },
  'with six mounts, limits and a network stack': {
    create: [89, 246, 6],
    start: [0, 0, 1],
    exec: [0, 0, 4],
    delete: [50, 118, 0],
  },
};

suite('what the life of a container costs', () => {
  for (const release of [12, 14, 15] as const) {
    for (const [what, members] of [
      ['a plain container', {}],
      ['with six mounts, limits and a network stack', everything],
    ] as const) {
      test(`${what}, on FreeBSD ${release}`, async (context) => {
        const world = new RuntimeWorld(release);
        const counter = new Counter();
        const { system, children } = world.tools;
        const runtime = jailRuntime({
          ...world.tools,
          system: { ...system, kernel: counter.host(system.kernel) },
          children: counter.children(children),
        });
        const stdio = await world.stdio();
        const request = await world.request(members);
        const shell = parseProcess({ cwd: '/', args: ['sh'] }, 'exec');
        const begun = process.cpuUsage();
        const costs: Record<string, [number, number, number]> = {};
        counter.take();
        const container = await runtime.create(request);
        costs['create'] = counter.take();
        await container.start();
        costs['start'] = counter.take();
        const exec = await container.exec({ execId: 'e', process: shell, stdio });
        costs['exec'] = counter.take();
        exitProgram(world.process(exec), 0);
        await exec.exited;
        counter.take();
        await container.remove();
        costs['delete'] = counter.take();
        const { user, system: kernel } = process.cpuUsage(begun);
        for (const [part, [batches, calls, roundTrips]] of Object.entries(costs)) {
          context.diagnostic(
            `${part}: ${batches} batches of ${calls} calls, ${roundTrips} messages to agents`,
          );
        }
        context.diagnostic(
          `${((user + kernel) / 1000).toFixed(1)} ms of processor time, the simulated kernel's included`,
        );
        for (const [part, counted] of Object.entries(costs)) {
          const most = ceilings[what]?.[part] ?? [];
          assert.ok(
            counted.every((number, index) => number <= (most[index] ?? 0)),
            `${part}: ${counted.join(', ')} where ${most.join(', ')} is the most`,
          );
        }
        assert.deepEqual(world.left(), []);
      });
    }
  }
});
