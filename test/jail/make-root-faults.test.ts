import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KernelError } from '../../src/kernel/error.js';
import { reason, RuntimeError } from '../../src/runtime/error.js';
import { plan, RootTest, scenarioModel, seenAt } from './root-scenario.js';

/** An errno that each call can come back with. */
const plausible: Readonly<Record<string, string>> = {
  openat: 'EMFILE',
  mkdirat: 'ENOSPC',
  mkfifoat: 'ENOSPC',
  symlinkat: 'ENOSPC',
  nmount: 'ENOMEM',
  unmount: 'EBUSY',
  ioctl: 'ENOMEM',
  write: 'ENOSPC',
  unlinkat: 'EACCES',
  fchownat: 'EPERM',
  fchmodat: 'EPERM',
};
const code = (symbol: string): string => plausible[symbol] ?? 'EIO';

const readOnly = { ...plan, root: { ...plan.root, readonly: true } };
// The calls are the same on all releases; a root that is read-only has more of them.
const scenarios = [
  ['FreeBSD 12', 12, plan],
  ['FreeBSD 15, read-only', 15, readOnly],
] as const;

/** What was made in the image is removed again. */
function checkImage(test: RootTest): void {
  for (const path of ['proc', 'private/var/lib', 'private/var/run']) {
    assert.equal(seenAt(test.model, `/snapshots/s1/${path}`), undefined, path);
  }
}

async function outcome(doing: Promise<unknown>): Promise<unknown> {
  return doing.then(
    () => undefined,
    (error: unknown) => error ?? new Error('rejected with nothing'),
  );
}

/** The process has been killed: its descriptors are closed, and another one goes on with the journal. */
function restart({ model }: RootTest): void {
  model.kernel.process.descriptors.closeAll();
  model.kernel.process.workingDirectory = model.kernel.process.root;
}

class Killed extends Error {}

describe('a root whose making fails', () => {
  for (const [name, release, wanted] of scenarios) {
    it(`on ${name} leaves nothing, whichever call it was`, async (t) => {
      let refused = 0;
      let n = 1;
      for (; ; n++) {
        const test = new RootTest(scenarioModel(release));
        const { faults } = test.model;
        faults.failNth(n, code);
        const failure = await outcome(test.make(wanted));
        const { failed } = faults;
        faults.failNth(0, '');
        const which = `call ${n} ${failed ?? ''}`;
        if (failure !== undefined) {
          refused++;
          const clear = failure instanceof KernelError || failure instanceof RuntimeError;
          assert.ok(clear && !failure.message.includes('\n'), `${which}: ${reason(failure)}`);
        }
        await test.gone();
        checkImage(test);
        assert.deepEqual(test.warnings, [], which);
        if (failed === undefined) break;
      }
      t.diagnostic(`${n - 1} calls failed once each, ${refused} of them made the root impossible`);
      assert.ok(n > 250, `${n} calls`);
    });

    it(`on ${name} leaves nothing, wherever the daemon is killed`, async (t) => {
      let n = 1;
      for (; ; n++) {
        const test = new RootTest(scenarioModel(release));
        const { faults } = test.model;
        const until = faults.made + n;
        faults.watch = () => {
          if (faults.made >= until) throw new Killed();
        };
        const failure = await outcome(test.make(wanted));
        faults.watch = undefined;
        assert.ok(failure === undefined || failure instanceof Killed, `killed before call ${n}`);
        restart(test);
        await test.gone();
        checkImage(test);
        assert.deepEqual(test.warnings, [], `killed before call ${n}`);
        if (failure === undefined) break;
      }
      t.diagnostic(`killed before each of ${n - 1} calls`);
      assert.ok(n > 250, `${n} calls`);
    });
  }
});

describe('a root whose undoing fails', () => {
  for (const [name, release, wanted] of scenarios) {
    it(`on ${name} can be undone again, whichever call it was`, async (t) => {
      let n = 1;
      for (; ; n++) {
        const test = new RootTest(scenarioModel(release));
        const { faults } = test.model;
        await test.make(wanted);
        faults.failNth(n, code);
        const failure = await outcome(test.undo());
        const { failed } = faults;
        faults.failNth(0, '');
        assert.ok(failure === undefined || failure instanceof KernelError, reason(failure));
        await test.gone();
        if (failed === undefined) break;
      }
      t.diagnostic(`${n - 1} calls failed once each`);
      assert.ok(n > 60, `${n} calls`);
    });

    it(`on ${name} can be undone by another, wherever the first is killed`, async (t) => {
      let n = 1;
      for (; ; n++) {
        const test = new RootTest(scenarioModel(release));
        const { faults } = test.model;
        await test.make(wanted);
        const until = faults.made + n;
        faults.watch = () => {
          if (faults.made >= until) throw new Killed();
        };
        const failure = await outcome(test.undo());
        faults.watch = undefined;
        restart(test);
        await test.gone();
        checkImage(test);
        assert.deepEqual(test.warnings, []);
        if (failure === undefined) break;
      }
      t.diagnostic(`killed before each of ${n - 1} calls`);
      assert.ok(n > 60, `${n} calls`);
    });
  }
});
