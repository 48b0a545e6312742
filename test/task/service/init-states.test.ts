import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OCI_LINUX_RESOURCES, packJson } from '../../../src/proto/any.js';
import { box, limits, methods } from '../container/calls.js';
import { codeOf, type Shim, startShim } from '../shim.js';
import { codeOrPending, type InitState, initStates } from './states.js';

const resources = packJson(OCI_LINUX_RESOURCES, { pids: { limit: 7 } });

/** What each method does to the container `box`. */
const initCalls: Record<string, (shim: Shim) => Promise<unknown>> = {
  State: (shim) => shim.call(methods.State, box),
  Create: (shim) => shim.create('sleep 1000'),
  Start: (shim) => shim.call(methods.Start, box),
  Delete: (shim) => shim.call(methods.Delete, box),
  Pids: (shim) => shim.call(methods.Pids, box),
  Pause: (shim) => shim.call(methods.Pause, box),
  Resume: (shim) => shim.call(methods.Resume, box),
  Checkpoint: (shim) => shim.call(methods.Checkpoint, { ...box, path: '/checkpoint' }),
  'Kill 15': (shim) => shim.call(methods.Kill, { ...box, signal: 15 }),
  'Kill 9': (shim) => shim.call(methods.Kill, { ...box, signal: 9 }),
  'Kill 9 all': (shim) => shim.call(methods.Kill, { ...box, signal: 9, all: true }),
  'Kill 0': (shim) => shim.call(methods.Kill, { ...box, signal: 0 }),
  'Kill 0 all': (shim) => shim.call(methods.Kill, { ...box, signal: 0, all: true }),
  'Kill 65 all': (shim) => shim.call(methods.Kill, { ...box, signal: 65, all: true }),
  'Kill 2^32-1': (shim) => shim.call(methods.Kill, { ...box, signal: 2 ** 32 - 1 }),
  Exec: (shim) => shim.exec('new', 'true'),
  ResizePty: (shim) => shim.call(methods.ResizePty, { ...box, width: 80, height: 24 }),
  CloseIO: (shim) => shim.call(methods.CloseIO, { ...box, stdin: true }),
  Update: (shim) => shim.call(methods.Update, { ...box, resources }),
  Wait: (shim) => shim.call(methods.Wait, box),
  Stats: (shim) => shim.call(methods.Stats, box),
  Connect: (shim) => shim.call(methods.Connect, box),
  Shutdown: (shim) => shim.call(methods.Shutdown, box),
};

/** The code that a call gets in each state; `…` if it is not answered before the state changes. */
const initTable: Record<string, Record<InitState, string>> = {
  State: row('NotFound', 'OK', 'OK', 'OK', 'OK', 'NotFound'),
  Create: row('OK', 'AlreadyExists', 'AlreadyExists', 'AlreadyExists', 'AlreadyExists', 'OK'),
  Start: row('NotFound', 'OK', 'Unknown', 'Unknown', 'Unknown', 'NotFound'),
  Delete: row('NotFound', 'OK', 'Unknown', 'Unknown', 'OK', 'NotFound'),
  Pids: row('NotFound', 'OK', 'OK', 'OK', 'OK', 'NotFound'),
  Pause: row('NotFound', 'FailedPrecondition', 'OK', 'FailedPrecondition', 'FailedPrecondition', 'NotFound'),
  Resume: row('NotFound', 'FailedPrecondition', 'FailedPrecondition', 'OK', 'FailedPrecondition', 'NotFound'),
  Checkpoint: row('NotFound', 'Unimplemented', 'Unimplemented', 'Unimplemented', 'Unimplemented', 'NotFound'),
  'Kill 15': row('NotFound', 'OK', 'OK', 'OK', 'NotFound', 'NotFound'),
  'Kill 9': row('NotFound', 'OK', 'OK', 'OK', 'NotFound', 'NotFound'),
  'Kill 9 all': row('NotFound', 'OK', 'OK', 'OK', 'NotFound', 'NotFound'),
  'Kill 0': row('NotFound', 'InvalidArgument', 'InvalidArgument', 'InvalidArgument', 'NotFound', 'NotFound'),
  'Kill 0 all': row(
    'NotFound',
    'InvalidArgument',
    'InvalidArgument',
    'InvalidArgument',
    'NotFound',
    'NotFound',
  ),
  'Kill 65 all': row(
    'NotFound',
    'InvalidArgument',
    'InvalidArgument',
    'InvalidArgument',
    'NotFound',
    'NotFound',
  ),
  'Kill 2^32-1': row(
    'NotFound',
    'InvalidArgument',
    'InvalidArgument',
    'InvalidArgument',
    'NotFound',
    'NotFound',
  ),
  Exec: row('NotFound', 'OK', 'OK', 'FailedPrecondition', 'FailedPrecondition', 'NotFound'),
  ResizePty: row('NotFound', 'OK', 'OK', 'OK', 'FailedPrecondition', 'NotFound'),
  CloseIO: row('NotFound', 'OK', 'OK', 'OK', 'OK', 'NotFound'),
  Update: row('NotFound', 'OK', 'OK', 'OK', 'FailedPrecondition', 'NotFound'),
  Wait: row('NotFound', '…', '…', '…', 'OK', 'NotFound'),
  Stats: row('NotFound', 'OK', 'OK', 'OK', 'NotFound', 'NotFound'),
  Connect: row('NotFound', 'OK', 'OK', 'OK', 'OK', 'NotFound'),
  Shutdown: row('OK', 'OK', 'OK', 'OK', 'OK', 'OK'),
};

function row(...codes: [string, string, string, string, string, string]): Record<InitState, string> {
  const [unknown, created, running, paused, stopped, deleted] = codes;
  return { unknown, created, running, paused, stopped, deleted };
}

describe('the Task service, for each state of a container and method', limits, () => {
  for (const [state, prepare] of Object.entries(initStates)) {
    for (const [method, invoke] of Object.entries(initCalls)) {
      const expected = initTable[method]?.[state as InitState];
      it(`${state}: ${method} is answered ${expected ?? '?'}`, async (test) => {
        const shim = await startShim(test);
        await prepare(shim);
        const code = expected === '…' ? await codeOrPending(shim, invoke(shim)) : await codeOf(invoke(shim));
        assert.equal(code, expected);
      });
    }
  }
});
