import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TaskV2 } from '../../../src/proto/generated/services.js';
import type { Json } from '../planning.js';
import { startService } from './world.js';

const { methods } = TaskV2;

const cri = (type: string): Json => ({
  annotations: { 'io.kubernetes.cri.container-type': type, 'io.kubernetes.cri.sandbox-id': 'pod' },
});

for (const release of [12, 15] as const) {
  test(`members end with their sandbox, and leave nothing, whichever is deleted first (FreeBSD ${release})`, async (context) => {
    const service = await startService(context, release);
    const { call, events, store, world } = service;
    await service.create('pod', cri('sandbox'));
    await call(methods.Start, { id: 'pod' });
    await service.create('web', cri('container'));
    await call(methods.Start, { id: 'web' });
    const { processes } = await call(methods.Pids, { id: 'pod' });
    assert.equal(processes.length, 1, 'those of members are their own');

    await call(methods.Kill, { id: 'pod', signal: 9 });
    await call(methods.Wait, { id: 'pod' });
    // The kernel ends what lies in the jail.
    await call(methods.Delete, { id: 'pod' });
    assert.equal((await call(methods.Wait, { id: 'web' })).exitStatus, 137);
    await call(methods.Delete, { id: 'web' });
    assert.deepEqual([world.left(), store.list()], [[], []]);
    assert.deepEqual(events.lines.slice(-3).sort(), ['delete pod', 'delete web', 'exit web']);
  });
}
