import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hookState } from '../../../src/jail/hooks/state.js';
import { hookPoints } from '../../../src/jail/plan/hooks.js';

const container = {
  ociVersion: '1.2.1',
  id: 'box',
  bundle: '/run/bundle',
  annotations: { a: 'b' },
  pid: 77,
  jid: 5,
};

const statuses = ['creating', 'creating', 'creating', 'created', 'running', 'stopped'];

for (const [index, point] of hookPoints.entries()) {
  test(`at ${point} a container is ${statuses[index] ?? ''}`, () => {
    assert.deepEqual(JSON.parse(hookState(point, container)), {
      ociVersion: '1.2.1',
      id: 'box',
      status: statuses[index],
      pid: 77,
      bundle: '/run/bundle',
      annotations: { a: 'b', 'org.freebsd.jail.jid': '5' },
    });
  });
}

test('what is gone is not in the state', () => {
  assert.deepEqual(JSON.parse(hookState('poststop', { ...container, pid: undefined, jid: undefined })), {
    ociVersion: '1.2.1',
    id: 'box',
    status: 'stopped',
    bundle: '/run/bundle',
    annotations: { a: 'b' },
  });
});
