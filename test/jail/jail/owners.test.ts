import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { jailOwners } from '../../../src/jail/jail/owners.js';
import { allBindings } from '../../../src/kernel/bindings/select.js';
import { openModel, type Model } from '../../model/model.js';

const box = { name: 'box', persist: true } as const;

function jails({ system }: Model): string[] {
  return system.jails.list.map(({ name }) => name);
}

suite('a jail that the daemon owns', () => {
  test('goes with the daemon on FreeBSD 15, and stays on others', async () => {
    for (const [release, left] of [
      [14, ['box']],
      [15, []],
    ] as const) {
      const model = openModel(release);
      await jailOwners(model.freebsd).create(box);
      assert.deepEqual(jails(model), ['box']);
      model.system.processes.end(model.kernel.process, 9);
      assert.deepEqual(jails(model), left, `FreeBSD ${release}`);
    }
  });

  test('has a descriptor that no program gets, and goes with that', async () => {
    const model = openModel(15);
    const owners = jailOwners(model.freebsd);
    await owners.create(box);
    const { descriptors } = model.kernel.process;
    const [descriptor = -1, ...others] = descriptors.numbers();
    assert.deepEqual([others, descriptors.entry(descriptor).closeOnExec], [[], true]);
    await owners.release('other');
    assert.deepEqual(jails(model), ['box']);
    await owners.release('box');
    await owners.release('box');
    assert.deepEqual([jails(model), descriptors.numbers()], [[], []]);
  });

  test('is one without a descriptor where the kernel knows none', async () => {
    const model = openModel(14);
    // A kernel of 15 from before there were any.
    const bindings = allBindings.find(({ release, arch }) => release === 15 && arch === 'amd64');
    assert.ok(bindings);
    const owners = jailOwners({ kernel: model.kernel, bindings });
    const refused = { ...box, name: 'none.box' };
    await assert.rejects(owners.create(refused), { code: 'ENOENT' });
    let calls = 0;
    model.faults.watch = (symbol) => {
      if (symbol === 'jail_set') calls++;
    };
    await owners.create(box);
    assert.equal(calls, 2);
    await owners.create({ ...box, name: 'other' });
    assert.equal(calls, 3, 'it is not tried again');
    assert.deepEqual(jails(model), ['box', 'other']);
  });

  test('is not left, nor its descriptor, whichever call fails', async () => {
    for (let n = 1; ; n++) {
      const model = openModel(15);
      const owners = jailOwners(model.freebsd);
      model.faults.failNth(n, 'EPERM');
      const failure = await owners.create(box).catch((error: unknown) => error);
      if (model.faults.failed === undefined) return;
      assert.ok(failure instanceof Error && /EPERM/.test(failure.message), String(failure));
      assert.deepEqual(model.remains(), [], `call ${n}`);
    }
  });
});
