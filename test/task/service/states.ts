import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { box, exec, methods } from '../container/calls.js';
import { codeOf, processOf, type Shim, startShim } from '../shim.js';

/** Ways to bring the container `box` into a state. */
export const initStates = {
  unknown: () => Promise.resolve(),
  created: (shim) => shim.create('sleep 1000'),
  running: async (shim) => {
    await shim.create('sleep 1000');
    await shim.start();
  },
  paused: async (shim) => {
    await initStates.running(shim);
    await shim.call(methods.Pause, box);
  },
  stopped: async (shim) => {
    await shim.create('exit 3');
    await shim.start();
    assert.equal(await shim.wait(), 3);
  },
  deleted: async (shim) => {
    await initStates.stopped(shim);
    await shim.call(methods.Delete, box);
  },
} satisfies Record<string, (shim: Shim) => Promise<unknown>>;

export type InitState = keyof typeof initStates;

/** Ways to bring an exec `sh` of the container `box` into a state. */
export const execStates = {
  unknown: initStates.running,
  created: async (shim) => {
    await initStates.running(shim);
    await shim.exec('sh', 'exec sleep 1000');
  },
  running: async (shim) => {
    await execStates.created(shim);
    await shim.start('sh');
  },
  paused: async (shim) => {
    await execStates.running(shim);
    await shim.call(methods.Pause, box);
  },
  stopped: async (shim) => {
    await execStates.running(shim);
    await shim.call(methods.Kill, { ...box, execId: 'sh', signal: 15 });
    assert.equal(await shim.wait('sh'), 143);
  },
  deleted: async (shim) => {
    await execStates.stopped(shim);
    await shim.call(methods.Delete, exec);
  },
  'failed to start': async (shim) => {
    await initStates.running(shim);
    await shim.exec('sh', '', { spec: processOf('/none') });
    await assert.rejects(shim.start('sh'), /executable file not found/);
  },
  'created before the container': async (shim) => {
    await initStates.created(shim);
    await shim.exec('sh', 'true');
  },
  'created, container paused': async (shim) => {
    await execStates.created(shim);
    await shim.call(methods.Pause, box);
  },
  'created, container stopped': async (shim) => {
    await execStates.created(shim);
    await shim.call(methods.Kill, { ...box, signal: 9 });
    await shim.wait();
  },
} satisfies Record<string, (shim: Shim) => Promise<unknown>>;

export type ExecState = keyof typeof execStates;

/** A service whose `box`, or exec `sh`, is in a state. */
export async function prepared(test: TestContext, prepare: (shim: Shim) => Promise<unknown>): Promise<Shim> {
  const shim = await startShim(test);
  await prepare(shim);
  return shim;
}

/**
 * The code of the answer to a call, or `…` when a later call was answered before it: the server takes up requests
 * in their order, and State is answered at once.
 */
export async function codeOrPending(shim: Shim, call: Promise<unknown>): Promise<string> {
  const later = codeOf(shim.call(methods.Connect, box)).then(() => '…');
  const answer = codeOf(call);
  return Promise.race([answer, later.then(() => settle(answer))]);
}

/** What the promise says, if it is settled by the time that everything now pending in the event loop was served. */
function settle(answer: Promise<string>): Promise<string> {
  return Promise.race([answer, new Promise<string>((resolve) => setImmediate(resolve, '…'))]);
}
