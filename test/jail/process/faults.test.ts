import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { launchProcess } from '../../../src/jail/process/launch.js';
import { isKernelError } from '../../../src/kernel/error.js';
import { statusAt } from '../../../src/kernel/freebsd/file.js';
import { removeJail } from '../../../src/kernel/freebsd/jail.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import { RuntimeError } from '../../../src/runtime/error.js';
import { makeWorld, plainStdio, plan, terminalStdio, type World } from './world.js';

/** Launches a process whose n-th call fails; the call, or undefined if it did not come to that. */
async function failing(world: World, n: number, terminal: boolean): Promise<string | undefined> {
  const { model, jid, tools } = world;
  const stdio = terminal ? terminalStdio(world) : await plainStdio(world);
  const released = { done: false };
  const given = stdio.terminal
    ? stdio
    : {
        ...stdio,
        release: () => {
          released.done = true;
          stdio.release();
        },
      };
  model.faults.failNth(n, 'ENOMEM');
  const consoleSize = terminal ? { width: 80, height: 24 } : undefined;
  const wanted = plan({ terminal, consoleSize, user: { kind: 'name', user: 'www' } });
  const failure: unknown = await launchProcess(tools, { jid, plan: wanted }, given).then(
    () => undefined,
    (error: unknown) => error,
  );
  const { failed } = model.faults;
  model.faults.failNth(0, '');
  if (failure !== undefined) assert.ok(isKernelError(failure) || failure instanceof RuntimeError);
  if (!given.terminal && !released.done) given.release();
  if (terminal && 'close' in stdio) stdio.close();
  return failed;
}

describe('launching in a jail when a call fails', () => {
  for (const release of [12, 15] as const) {
    for (const terminal of [false, true]) {
      it(`leaves nothing (FreeBSD ${release}, ${terminal ? 'with' : 'without'} a terminal)`, async (t) => {
        let n = 1;
        for (; ; n++) {
          const world = await makeWorld(release);
          const { model } = world;
          const before = model.remains();
          const failed = await failing(world, n, terminal);
          // Who runs after all is ended with the jail.
          await run(model.freebsd, (b) => [removeJail(b, world.jid), statusAt(b, '/dev/null')]);
          await new Promise((resolve) => setImmediate(resolve));
          const after = model.remains();
          const expected = before.filter((what) => !what.startsWith('jail '));
          assert.deepEqual(after, expected, `after call ${n} failed: ${failed ?? 'none'}`);
          if (failed === undefined) break;
        }
        t.diagnostic(`${n - 1} calls failed, one at a time`);
        assert.ok(n > 20, `${n} calls`);
      });
    }
  }
});
