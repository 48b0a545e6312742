import assert from 'node:assert/strict';
import { TaskV2 } from '../../src/proto/generated/services.js';
import { life } from './harness/life.js';

const { methods } = TaskV2;

life('a container', (lives) => {
  lives('is created, started, and ends with its code', async ({ call, create, events, output }) => {
    const pid = await create('web', ['args', 'env', 'cwd', 'exit', '7']);
    assert.deepEqual(await call(methods.Start, { id: 'web' }), { pid });
    assert.equal((await call(methods.Wait, { id: 'web' })).exitStatus, 7);
    assert.deepEqual(await output('web').lines(), [
      ...['inmate', 'args', 'env', 'cwd', 'exit', '7'].map((each) => `arg ${each}`),
      ...['env PATH=/bin', 'env A=b', 'env HOME=/root', 'cwd /'],
    ]);
    const deleted = await call(methods.Delete, { id: 'web' });
    assert.deepEqual([deleted.pid, deleted.exitStatus], [pid, 7]);
    assert.deepEqual(events.lines, ['create web', 'start web', 'exit web', 'delete web']);
  });
});
