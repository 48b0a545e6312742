import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { withResolvers } from '../../../src/task/process.js';
import { type Stdio } from '../../../src/task/stdio/stdio.js';
import { type TasksHost } from '../../../src/task/tasks.js';
import { startShim } from '../shim.js';
import { Reader } from '../stdio/client.js';
import { makeFifo } from '../stdio/fixture.js';
import { exec, kill, limits, methods, takenUp } from './calls.js';

describe('what is not let go in time', limits, () => {
  it('of the output of an exec is closed by Delete after 10 s', async (test) => {
    const drained = withResolvers<undefined>();
    const shim = await startShim(test, {
      host: watchingDrains(() => {
        drained.resolve(undefined);
      }),
    });
    await shim.create('exec sleep 1000');
    await shim.start();
    const stdout = makeFifo(join(shim.folder, 'stdout'));
    const reader = new Reader(test, stdout);
    await shim.exec('sh', 'sleep 1000 & echo done', { stdout });
    await shim.start('sh');
    await shim.wait('sh');
    await reader.until('done');
    test.mock.timers.enable({ apis: ['setTimeout'] });
    const deleting = shim.call(methods.Delete, exec);
    await drained.promise;
    test.mock.timers.tick(9_999);
    await takenUp(shim);
    assert.equal(reader.isEnded, false);
    test.mock.timers.tick(1);
    await deleting;
    assert.equal((await reader.toEnd()).toString(), 'done\n');
    assert.deepEqual(shim.warnings, ['output of exec sh of box is still open 10 s after its end: closed']);
  });

  for (const [how, force, limit] of [
    ['by Delete', false, 10_000],
    ['by force', true, 1_000],
  ] as const) {
    it(`of the output is no reason to wait with the clean-up ${how}`, async (test) => {
      const shim = await startShim(test);
      const stdout = makeFifo(join(shim.folder, 'stdout'));
      const reader = new Reader(test, stdout);
      // Not of the container, as far as the runtime knows: it holds the output open after everything is gone.
      await shim.create('exec sleep 1000');
      await shim.start();
      await shim.exec('sh', 'setsid sleep 1000 & echo $!', { stdout });
      await shim.start('sh');
      await reader.until('\n');
      const stray = Number(reader.text);
      test.after(() => process.kill(stray, 'SIGKILL'));
      // Before the end of the process, from which its output has so much time.
      test.mock.timers.enable({ apis: ['setTimeout'] });
      await shim.wait('sh');
      await kill(shim);
      await shim.wait();
      const removed = shim.runtime.gates.hold('removed');
      const key = { namespace: 'ns', id: 'box' };
      const removing = force ? shim.tasks.removeByForce(key) : shim.tasks.remove(key);
      await removed.reached;
      assert.equal(reader.isEnded, false, 'it is removed before the time of the output is up');
      removed.release();
      test.mock.timers.tick(limit - 1);
      await takenUp(shim);
      assert.equal(reader.isEnded, false);
      test.mock.timers.tick(1);
      await removing;
      await reader.toEnd();
      assert.deepEqual(shim.warnings, [
        `output of exec sh of box is still open ${limit / 1000} s after its end: closed`,
      ]);
    });
  }

  it('of an exec does not hold back the exit of init for more than 30 s', async (test) => {
    const shim = await startShim(test, { endsWithInit: true });
    await shim.create('exec sleep 1000');
    await shim.start();
    // Its exit comes when it can: the kernel was said to end it together with init.
    await shim.exec('sh', 'exec sleep 1000');
    await shim.start('sh');
    const asked = new Promise<void>((resolve) => {
      test.mock.method(
        globalThis,
        'setTimeout',
        (go: (value: unknown) => void, limit: number, value: unknown) => {
          assert.equal(limit, 30_000);
          resolve();
          setImmediate(go, value);
        },
      );
    });
    await kill(shim);
    await asked;
    test.mock.restoreAll();
    assert.equal(await shim.wait(), 137);
    assert.deepEqual(shim.events.lines.slice(-1), ['exit box']);
    assert.deepEqual(shim.warnings, ['init is gone for 30 s, yet an exec still runs']);
    await kill(shim, { execId: 'sh' });
    assert.equal(await shim.wait('sh'), 137);
  });
});

/** Tells when somebody begins to wait for the output of an exec to end. */
function watchingDrains(tell: () => void): (host: TasksHost) => TasksHost {
  return (host) => ({
    ...host,
    openStdio: async (...args) => {
      const stdio = await host.openStdio(...args);
      const { drained } = stdio;
      return Object.create(stdio, {
        drained: {
          get: () => {
            if (args[1] !== '') tell();
            return drained;
          },
        },
      }) as Stdio;
    },
  });
}
