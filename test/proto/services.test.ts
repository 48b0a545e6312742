import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StateRequest, StateResponse } from '../../src/proto/generated/messages.js';
import { Daemon, EventLog, Events, TaskV2, TaskV3 } from '../../src/proto/generated/services.js';
import { implement } from '../../src/ttrpc/service.js';

const taskMethods =
  'State Create Start Delete Pids Pause Resume Checkpoint Kill Exec ResizePty CloseIO Update Wait Stats Connect Shutdown';

test('services have their names and methods', () => {
  const found = [TaskV2, TaskV3, Events, Daemon, EventLog].map(({ name, methods }) => [
    name,
    Object.keys(methods).join(' '),
  ]);
  assert.deepEqual(found, [
    ['containerd.task.v2.Task', taskMethods],
    ['containerd.task.v3.Task', taskMethods],
    ['containerd.services.events.ttrpc.v1.Events', 'Forward'],
    ['containerd.shim.jail.v1.Daemon', 'Reserve Cleanup'],
    ['containerd.shim.jail.v1.EventLog', 'Next'],
  ]);
});

test('a method knows its name and the codecs of its messages', () => {
  assert.deepEqual(TaskV2.methods.State, {
    kind: 'unary',
    name: 'State',
    request: StateRequest,
    response: StateResponse,
  });
  for (const service of [TaskV2, TaskV3, Events, Daemon, EventLog]) {
    const methods: Record<string, { name: string }> = service.methods;
    for (const [key, { name }] of Object.entries(methods)) assert.equal(name, key);
  }
});

test('a method fits the ttrpc server, with types inferred', async () => {
  const implementation = implement(Daemon.methods.Reserve, (request) => ({ pid: request.id.length }));
  const request = { namespace: 'n', id: 'abc', bundle: '/' };
  const context = { signal: new AbortController().signal, metadata: new Map<string, string[]>() };
  assert.deepEqual(await implementation.handler(request, context), { pid: 3 });
});
