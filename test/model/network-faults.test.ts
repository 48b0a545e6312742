import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { describe, it } from 'node:test';
import { isKernelError } from '../../src/kernel/error.js';
import { openModel, type Model } from './model.js';
import { makeBridge, makeJail, undoAll, type Made } from './network-scenario.js';
import { random } from './random.js';

const releases = [12, 15] as const;

/** A bridge, and two jails on it. */
async function scenario(model: Model, made: Made): Promise<void> {
  const bridge = await makeBridge(model, made, 1);
  await makeJail(model, made, { bridge, name: 'one', network: 1, host: 2 });
  await makeJail(model, made, { bridge, name: 'two', network: 1, host: 3 });
}

/** Does the scenario with its n-th call failing; the call, or undefined if it did not come to that. */
async function failing(model: Model, made: Made, n: number, code: string): Promise<string | undefined> {
  model.faults.failNth(n, code);
  try {
    await scenario(model, made);
  } catch (error) {
    assert.ok(isKernelError(error, code), String(error));
  }
  const { failed } = model.faults;
  model.faults.failNth(0, '');
  return failed;
}

describe('a network whose making fails', () => {
  for (const release of releases) {
    it(`on FreeBSD ${release} leaves nothing, whichever call it was`, async () => {
      let n = 1;
      for (; ; n++) {
        const model = openModel(release);
        const made: Made = { undo: [] };
        const failed = await failing(model, made, n, 'ENOMEM');
        assert.equal(await undoAll(made), undefined, `undo after call ${n} failed`);
        assert.deepEqual(model.remains(), [], `after call ${n} failed: ${failed ?? 'none'}`);
        if (failed === undefined) break;
      }
      // As many calls as the scenario has: fewer would mean that it stopped early.
      assert.ok(n > 60, `${n} calls`);
    });

    it(`on FreeBSD ${release} can be undone again, whichever call of the undoing failed`, async () => {
      let n = 1;
      for (; ; n++) {
        const model = openModel(release);
        const made: Made = { undo: [] };
        await scenario(model, made);
        model.faults.failNth(n, 'EINTR');
        const failure = await undoAll(made);
        if (model.faults.failed === undefined) break;
        // Closing a descriptor may fail without anybody caring.
        if (failure !== undefined) assert.ok(isKernelError(failure, 'EINTR') || failure instanceof Error);
        assert.equal(await undoAll(made), undefined, `second undo after call ${n}`);
        assert.deepEqual(model.remains(), [], `after call ${n} of the undo failed`);
      }
      assert.ok(n > 10, `${n} calls`);
    });
  }
});

describe('networks that come and go', () => {
  it('leave nothing after many rounds with failures', async (t) => {
    const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
    t.diagnostic(`SEED=${seed}`);
    const next = random(seed);
    const model = openModel(12);
    const shared: Made = { undo: [] };
    const bridge = await makeBridge(model, shared, 1);
    const before = model.remains();
    const alive: Made[] = [];
    for (let round = 0; round < 400; round++) {
      if (alive.length > 0 && (alive.length > 12 || next(3) === 0)) {
        const [made] = alive.splice(next(alive.length), 1);
        assert.ok(made);
        // Now and then a call fails; then it is undone once more.
        if (next(4) === 0) model.faults.failNth(1 + next(6), 'EAGAIN');
        await undoAll(made);
        model.faults.failNth(0, '');
        assert.equal(await undoAll(made), undefined);
        continue;
      }
      const made: Made = { undo: [] };
      if (next(4) === 0) model.faults.failNth(1 + next(40), 'ENOBUFS');
      const where = { bridge, name: `jail${round}x`, network: 1, host: 2 + (round % 250) };
      const held = await makeJail(model, made, where).then(
        () => true,
        (error: unknown) => {
          if (!isKernelError(error, 'ENOBUFS')) throw error;
          return false;
        },
      );
      model.faults.failNth(0, '');
      if (held) alive.push(made);
      else assert.equal(await undoAll(made), undefined);
    }
    for (const made of alive) assert.equal(await undoAll(made), undefined);
    assert.deepEqual(model.remains(), before);
    assert.equal(await undoAll(shared), undefined);
    assert.deepEqual(model.remains(), []);
  });
});
