import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { beginProcess, type LaunchTools } from '../../../src/jail/process/launch.js';
import { within } from '../../../src/jail/process/patience.js';
import type { Child } from '../../../src/kernel/child.js';
import { makeWorld, plainStdio, plan, terminalStdio, type World } from './world.js';

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

/** Children who are held in the kernel: by their calls, or so that they do not die either. */
function held({ tools }: World, how: (child: Child) => Partial<Child>): LaunchTools {
  return {
    ...tools,
    patience: 20,
    children: {
      start: async (stdio) => {
        const child = await tools.children.start(stdio);
        return { ...child, ...how(child) };
      },
    },
  };
}

function silent({ kernel }: Child): Pick<Child, 'kernel'> {
  return {
    kernel: {
      platform: kernel.platform,
      pid: kernel.pid,
      run: () => never(),
      become: () => never(),
      close: () => {
        kernel.close();
      },
    },
  };
}

describe('a process that the kernel holds', () => {
  for (const terminal of [false, true]) {
    it(`is killed and given up, ${terminal ? 'with' : 'without'} a terminal`, async () => {
      const world = await makeWorld();
      const before = world.model.remains();
      const stdio = terminal ? terminalStdio(world) : await plainStdio(world);
      const begun = await beginProcess(held(world, silent), stdio);
      await assert.rejects(begun.prepare({ jid: world.jid, plan: plan({ terminal }) }), {
        name: 'RuntimeError',
        message: /^process \d+: no answer after 0\.02 s$/,
      });
      assert.deepEqual(world.model.remains(), before);
    });
  }

  it('is said to be there still if it does not die', async () => {
    const world = await makeWorld();
    const immortal = held(world, (child) => ({ ...silent(child), abandon: () => never() }));
    const begun = await beginProcess(immortal, await plainStdio(world));
    await assert.rejects(begun.prepare({ jid: world.jid, plan: plan() }), {
      message: /^process (\d+): no answer after 0\.02 s; process \1: killed, but still there after 0\.02 s$/,
    });
    await assert.rejects(begun.abandon(), /killed, but still there/);
  });

  it('is given up when it does not become its program', async () => {
    const world = await makeWorld();
    const tools = held(world, (child) => ({
      kernel: { ...silent(child).kernel, run: (batch) => child.kernel.run(batch) },
    }));
    const begun = await beginProcess(tools, await plainStdio(world));
    const prepared = await begun.prepare({ jid: world.jid, plan: plan() });
    await assert.rejects(prepared.start(), /^RuntimeError: process \d+: no answer/);
    assert.equal((await prepared.process.exited).status, 137);
  });
});

describe('waiting with patience', () => {
  it('gives what comes, or what fails, in time', async () => {
    assert.equal(await within(60_000, Promise.resolve(5), 'it'), 5);
    await assert.rejects(within(60_000, Promise.reject(new Error('no')), 'it'), /^Error: no$/);
  });

  it('lets what fails too late fail unheard', async () => {
    let fail: (error: Error) => void = () => undefined;
    const late = new Promise<never>((_, reject) => {
      fail = reject;
    });
    await assert.rejects(within(1, late, 'it'), /^RuntimeError: it after 0\.001 s$/);
    fail(new Error('late'));
    await new Promise((resolve) => setImmediate(resolve));
  });
});
