import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { jailRuntime } from '../../src/jail/runtime.js';
import { parseProcess } from '../../src/runtime/spec.js';
import { exitProgram } from '../model/execve.js';
import { Counter, summed, type Cost } from './counter.js';
import type { Json } from './planning.js';
import { RuntimeWorld } from './runtime-world.js';

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
  'a plain container': { create: [24, 110, 3], start: [0, 0, 1], exec: [0, 0, 4], delete: [9, 29, 0] },
  'with six mounts, limits and a network stack': {
    create: [50, 207, 6],
    start: [0, 0, 1],
    exec: [0, 0, 4],
    delete: [25, 70, 0],
  },
};

const shell = parseProcess({ cwd: '/', args: ['sh'] }, 'exec');

/** What the life of one container asks for. */
async function live(world: RuntimeWorld, counter: Counter, members: Json): Promise<Record<string, Cost>> {
  const { system, children } = world.tools;
  const runtime = jailRuntime({
    ...world.tools,
    system: { ...system, kernel: counter.host(system.kernel) },
    children: counter.children(children),
  });
  const stdio = await world.stdio();
  const request = await world.request(members);
  counter.take();
  const container = await runtime.create(request);
  const create = counter.take();
  await container.start();
  const start = counter.take();
  const exec = await container.exec({ execId: 'e', process: shell, stdio });
  const executed = counter.take();
  exitProgram(world.process(exec), 0);
  await exec.exited;
  counter.take();
  await container.remove();
  return { create, start, exec: executed, delete: counter.take() };
}

/** Lives to measure, after as many for V8 to know the code. */
const lives = 60;

/** Milliseconds of processor time for the life of a container, and those that the simulated kernel took of them. */
async function measure(world: RuntimeWorld, members: Json): Promise<{ all: number; kernel: number }> {
  let kernel = 0;
  let begun = process.cpuUsage();
  for (let round = 0; round < 2 * lives; round++) {
    if (round === lives) begun = process.cpuUsage();
    const counter = new Counter();
    await live(world, counter, members);
    if (round >= lives) kernel += counter.answering;
  }
  const { user, system } = process.cpuUsage(begun);
  return { all: (user + system) / 1000 / lives, kernel: kernel / lives };
}

suite('what the life of a container costs', () => {
  for (const release of [12, 14, 15] as const) {
    for (const [what, members] of [
      ['a plain container', {}],
      ['with six mounts, limits and a network stack', everything],
    ] as const) {
      test(`${what}, on FreeBSD ${release}`, async (context) => {
        const world = new RuntimeWorld(release);
        const costs = await live(world, new Counter(), members);
        for (const [part, { counted, purposes }] of Object.entries(costs)) {
          const [batches, calls, roundTrips] = counted;
          context.diagnostic(
            `${part}: ${batches} batches of ${calls} calls, ${roundTrips} messages to agents; ${summed(purposes)}`,
          );
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

  for (const [what, members] of [
    ['a plain container', {}],
    ['with six mounts, limits and a network stack', everything],
  ] as const) {
    test(`${what}, in time`, async (context) => {
      const world = new RuntimeWorld(14);
      const { all, kernel } = await measure(world, members);
      context.diagnostic(
        `${all.toFixed(2)} ms of processor time a life, of which the simulated kernel took ${kernel.toFixed(2)} ms`,
      );
      assert.deepEqual(world.left(), []);
    });
  }
});
