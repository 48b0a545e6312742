import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOT_YET } from '../../src/proto/timestamp.js';
import * as messages from '../../src/task/event-messages.js';
import type { TaskEvent } from '../../src/task/events.js';
import { Process } from '../../src/task/process.js';
import { EventLog } from './event-log.js';

const key = { namespace: 'ns', id: 'box' };
const paths = { terminal: true, stdin: '/in', stdout: '/out', stderr: '/err' };
const exit = { status: 137, at: 1_700_000_000_250 };
const exitedAt = { seconds: 1_700_000_000, nanos: 250_000_000 };

function ended(): Process {
  const process = new Process('', paths);
  process.launched = {
    pid: 42,
    exited: Promise.resolve(exit),
    signal: () => Promise.resolve(),
    resize: () => undefined,
  };
  process.finish(exit);
  return process;
}

const mount = { type: 'nullfs', source: '/a', target: '', options: ['ro'] };

const table: [string, TaskEvent, string, object][] = [
  [
    'create',
    messages.created(key, '/bundle', [mount], paths, 42),
    '/tasks/create',
    { containerId: 'box', bundle: '/bundle', rootfs: [mount], io: paths, checkpoint: '', pid: 42 },
  ],
  ['start', messages.started(key, 42), '/tasks/start', { containerId: 'box', pid: 42 }],
  ['exec-added', messages.execAdded(key, 'sh'), '/tasks/exec-added', { containerId: 'box', execId: 'sh' }],
  [
    'exec-started',
    messages.execStarted(key, 'sh', 43),
    '/tasks/exec-started',
    { containerId: 'box', execId: 'sh', pid: 43 },
  ],
  [
    'exit of init',
    messages.exited(key, '', 42, exit),
    '/tasks/exit',
    { containerId: 'box', id: 'box', pid: 42, exitStatus: 137, exitedAt },
  ],
  [
    'exit of an exec',
    messages.exited(key, 'sh', 43, exit),
    '/tasks/exit',
    { containerId: 'box', id: 'sh', pid: 43, exitStatus: 137, exitedAt },
  ],
  [
    'delete',
    messages.deleted(key, ended()),
    '/tasks/delete',
    { containerId: 'box', pid: 42, exitStatus: 137, exitedAt, id: '' },
  ],
  [
    'delete of what never ran',
    messages.deleted(key, new Process('', paths)),
    '/tasks/delete',
    { containerId: 'box', pid: 0, exitStatus: 0, exitedAt: NOT_YET, id: '' },
  ],
  ['oom', messages.oom(key), '/tasks/oom', { containerId: 'box' }],
  ['paused', messages.paused(key), '/tasks/paused', { containerId: 'box' }],
  ['resumed', messages.resumed(key), '/tasks/resumed', { containerId: 'box' }],
];

for (const [what, event, topic, message] of table) {
  test(`the event of ${what}`, () => {
    const log = new EventLog();
    log.publish(key, event);
    assert.deepEqual(log.all, [{ namespace: 'ns', topic, message }]);
  });
}
