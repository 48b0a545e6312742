import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exec, limits, methods } from '../container/calls.js';
import { codeOf, type Shim, startShim } from '../shim.js';
import { codeOrPending, type ExecState, execStates } from './states.js';

const execCalls: Record<string, (shim: Shim) => Promise<unknown>> = {
  State: (shim) => shim.call(methods.State, exec),
  Exec: (shim) => shim.exec('sh', 'true'),
  Start: (shim) => shim.call(methods.Start, exec),
  Delete: (shim) => shim.call(methods.Delete, exec),
  Kill: (shim) => shim.call(methods.Kill, { ...exec, signal: 15, all: true }),
  'Kill 0': (shim) => shim.call(methods.Kill, { ...exec, signal: 0 }),
  ResizePty: (shim) => shim.call(methods.ResizePty, { ...exec, width: 80, height: 24 }),
  CloseIO: (shim) => shim.call(methods.CloseIO, { ...exec, stdin: true }),
  'CloseIO of nothing': (shim) => shim.call(methods.CloseIO, exec),
  Wait: (shim) => shim.call(methods.Wait, exec),
};

const execTable: Record<string, Record<ExecState, string>> = {
  State: execRow({}),
  Exec: execRow({
    unknown: 'OK',
    created: 'AlreadyExists',
    running: 'AlreadyExists',
    paused: 'AlreadyExists',
    stopped: 'AlreadyExists',
    deleted: 'OK',
    'failed to start': 'AlreadyExists',
    'created before the container': 'AlreadyExists',
    'created, container paused': 'AlreadyExists',
    'created, container stopped': 'AlreadyExists',
  }),
  Start: execRow({
    running: 'Unknown',
    paused: 'Unknown',
    stopped: 'Unknown',
    'failed to start': 'Unknown',
    'created before the container': 'FailedPrecondition',
    'created, container paused': 'FailedPrecondition',
    'created, container stopped': 'FailedPrecondition',
  }),
  Delete: execRow({ running: 'Unknown', paused: 'Unknown' }),
  Kill: execRow({
    created: 'FailedPrecondition',
    stopped: 'NotFound',
    'failed to start': 'NotFound',
    'created before the container': 'FailedPrecondition',
    'created, container paused': 'FailedPrecondition',
    'created, container stopped': 'FailedPrecondition',
  }),
  'Kill 0': execRow({
    created: 'FailedPrecondition',
    running: 'InvalidArgument',
    paused: 'InvalidArgument',
    stopped: 'NotFound',
    'failed to start': 'NotFound',
    'created before the container': 'FailedPrecondition',
    'created, container paused': 'FailedPrecondition',
    'created, container stopped': 'FailedPrecondition',
  }),
  ResizePty: execRow({ stopped: 'FailedPrecondition', 'failed to start': 'FailedPrecondition' }),
  CloseIO: execRow({}),
  'CloseIO of nothing': execRow({}),
  Wait: execRow({
    created: '…',
    running: '…',
    paused: '…',
    'created before the container': '…',
    'created, container paused': '…',
    'created, container stopped': '…',
  }),
};

/** OK but where said otherwise, and NotFound where there is no exec. */
function execRow(codes: Partial<Record<ExecState, string>>): Record<ExecState, string> {
  const all = Object.keys(execStates).map((state) => [state, 'OK']);
  return { ...Object.fromEntries(all), unknown: 'NotFound', deleted: 'NotFound', ...codes } as Record<
    ExecState,
    string
  >;
}

describe('the Task service, for each state of an exec and method', limits, () => {
  for (const [state, prepare] of Object.entries(execStates)) {
    for (const [method, invoke] of Object.entries(execCalls)) {
      const expected = execTable[method]?.[state as ExecState];
      it(`${state}: ${method} is answered ${expected ?? '?'}`, async (test) => {
        const shim = await startShim(test);
        await prepare(shim);
        const code = expected === '…' ? await codeOrPending(shim, invoke(shim)) : await codeOf(invoke(shim));
        assert.equal(code, expected);
      });
    }
  }
});
