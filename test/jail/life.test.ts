import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { everybodyIn } from '../../src/jail/process/everybody.js';
import { isKernelError } from '../../src/kernel/error.js';
import { keepSpareChild, type SpareChildren } from '../../src/kernel/freebsd/spare-child.js';
import { RuntimeError } from '../../src/runtime/error.js';
import { modelChildren } from '../model/children.js';
import { exitProgram } from '../model/execve.js';
import { Life } from './life-scenario.js';

describe('the life of a container', () => {
  for (const release of [12, 14, 15] as const) {
    it(`from its spec to its end, leaving nothing (FreeBSD ${release})`, async (t) => {
      const spares: SpareChildren[] = [];
      const life = new Life(release, (model) => {
        const spare = keepSpareChild(model.freebsd, modelChildren(model));
        spares.push(spare);
        return spare;
      });
      const { model, tools } = life;
      const before = model.remains();
      for (const spare of spares) await spare.prepare();
      await life.open();
      const calls = model.faults.made;

      const { jid, name, init } = await life.create();
      assert.equal(model.system.jails.get(jid)?.name, name);
      const process = model.system.processes.get(init.process.pid);
      assert.ok(process);
      assert.deepEqual(
        [process.jail.jid, process.credential.uid, process.credential.groups],
        [jid, 80, [90]],
      );
      await init.start();
      assert.deepEqual(process.executed, {
        path: '/usr/local/bin/httpd',
        argv: ['httpd', '-f'],
        environment: ['PATH=/usr/local/bin:/bin', 'HOME=/srv/www'],
      });

      const exec = await life.exec(jid);
      const shell = model.system.processes.get(exec.pid);
      assert.ok(shell);
      assert.equal(shell.session.terminal, 'pts/0');
      const everybody = everybodyIn(tools.system, jid);
      assert.deepEqual(
        await everybody.pids(),
        [init.process.pid, exec.pid].sort((a, b) => a - b),
      );
      await everybody.pause();
      assert.equal(process.state, 'stopped');
      await everybody.resume();
      exitProgram(shell, 3);
      assert.equal((await exec.exited).status, 3);
      await everybody.signal(9);
      assert.equal((await init.process.exited).status, 137);

      await life.remove();
      t.diagnostic(`${model.faults.made - calls} calls`);
      for (const spare of spares) await spare.close();
      assert.deepEqual(model.remains(), before);
      assert.deepEqual([life.journal.entries(), life.reports, life.warnings], [[], [], []]);
    });
  }
});

/** Creates, starts and executes in a container; the error if that fails. */
async function live(life: Life): Promise<unknown> {
  try {
    const { jid, init } = await life.create();
    await init.start();
    await life.exec(jid);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('the life of a container when a call fails', () => {
  for (const release of [12, 15] as const) {
    it(`is taken away whole, whichever call it was (FreeBSD ${release})`, async (t) => {
      let n = 1;
      for (; ; n++) {
        const life = await new Life(release).open();
        const { model } = life;
        model.faults.failNth(n, 'ENOMEM');
        const failure = await live(life);
        const { failed } = model.faults;
        model.faults.failNth(0, '');
        assert.ok(
          failure === undefined || isKernelError(failure) || failure instanceof RuntimeError,
          `call ${n}, ${failed ?? 'none'}: ${String(failure)}`,
        );
        await life.remove();
        assert.deepEqual(model.remains(), [], `after call ${n} failed: ${failed ?? 'none'}`);
        assert.deepEqual(life.journal.entries(), [], `after call ${n} failed: ${failed ?? 'none'}`);
        if (failed === undefined) break;
      }
      t.diagnostic(`${n - 1} calls failed, one at a time`);
      assert.ok(n > 150, `${n} calls`);
    });

    it(`can be taken away again, whichever call of that failed (FreeBSD ${release})`, async (t) => {
      let n = 1;
      for (; ; n++) {
        const life = await new Life(release).open();
        const { model } = life;
        assert.equal(await live(life), undefined);
        model.faults.failNth(n, 'EIO');
        await life.remove().catch((error: unknown) => {
          assert.ok(isKernelError(error) || error instanceof RuntimeError, String(error));
        });
        const { failed } = model.faults;
        model.faults.failNth(0, '');
        await life.remove();
        assert.deepEqual(model.remains(), [], `after call ${n} failed: ${failed ?? 'none'}`);
        assert.deepEqual(life.journal.entries(), []);
        if (failed === undefined) break;
      }
      t.diagnostic(`${n - 1} calls failed, one at a time`);
      assert.ok(n > 20, `${n} calls`);
    });
  }
});
