import assert from 'node:assert/strict';
import { OCI_LINUX_RESOURCES, packJson, unpack } from '../../src/proto/any.js';
import { Metrics } from '../../src/proto/generated/cgroups-v2.js';
import { TaskV2 } from '../../src/proto/generated/services.js';
import { life } from './harness/life.js';
import { end, exec, kill, start } from './harness/steps.js';

const { methods } = TaskV2;
const EAGAIN = 35;

life('the limits of a container', (lives) => {
  lives(
    'hold for all of its processes, and change while it runs',
    async (service) => {
      const { call, output } = service;
      const limits = { linux: { resources: { pids: { limit: 3 } } } };
      await start(service, 'web', ['children', '4', 'cwd', 'stay'], limits);
      await output('web').line(/^cwd/);
      const { stats } = await call(methods.Stats, { id: 'web' });
      assert.ok(stats);
      assert.equal(Number(unpack(Metrics, stats).pids?.current), 3);
      const resources = packJson(OCI_LINUX_RESOURCES, { pids: { limit: 6 } });
      await call(methods.Update, { id: 'web', resources });
      await exec(service, 'web', 'more', ['children', '3', 'cwd', 'exit', '0']);
      await output('web', 'more').line(/^cwd/);
      assert.equal((await call(methods.Wait, { id: 'web', execId: 'more' })).exitStatus, 0);
      const { status, lines } = await kill(service, 'web');
      assert.equal(status, 137);
      assert.deepEqual(
        lines.slice(0, 4).map((line) => line.replace(/^child \d+$/, 'child')),
        ['child', 'child', ...Array<string>(2).fill(`child errno ${EAGAIN}`)],
      );
      const more = await service.output('web', 'more').lines();
      assert.deepEqual(
        more.slice(0, 3).map((line) => line.replace(/^child \d+$/, 'child')),
        ['child', 'child', `child errno ${EAGAIN}`],
      );
    },
    ['accounting'],
  );

  lives('are processors, for all of its processes', async (service) => {
    await start(service, 'web', ['stay'], { linux: { resources: { cpu: { cpus: '0' } } } });
    await exec(service, 'web', 'more', ['exit', '1']);
    assert.equal((await end(service, 'web', 'more')).status, 1);
    await kill(service, 'web');
  });
});

life(
  'a machine that keeps no account',
  (lives) => {
    lives(
      'refuses limits, with what to do about it',
      async (service) => {
        const limits = { linux: { resources: { pids: { limit: 3 } } } };
        await assert.rejects(service.create('web', [], limits), { message: /kern\.racct\.enable=1/ });
      },
      ['no accounting'],
    );
  },
  { simulated: { accounting: false } },
);
