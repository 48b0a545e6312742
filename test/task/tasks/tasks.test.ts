import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { box, limits, methods } from '../container/calls.js';
import { codeOf, startShim } from '../shim.js';

describe('the tasks', limits, () => {
  it('of one id are found in every namespace', async (test) => {
    const shim = await startShim(test, { namespace: undefined });
    for (const namespace of ['a', 'b']) {
      await shim.call(methods.Create, { ...box, bundle: shim.bundle('true') }, { namespace });
    }
    assert.deepEqual(
      shim.tasks.withId('box').map((container) => container.key.namespace),
      ['a', 'b'],
    );
    assert.deepEqual(shim.tasks.withId('other'), []);
    assert.equal(shim.tasks.find({ namespace: 'c', id: 'box' }), undefined);
    assert.throws(() => shim.tasks.get({ namespace: 'c', id: 'box' }), { code: 5 });
    assert.equal(shim.tasks.count, 2);
  });

  it('tell of every container that comes or goes', async (test) => {
    const shim = await startShim(test);
    await shim.create('true');
    assert.equal(shim.told.changed, 1);
    await codeOf(shim.create('true'));
    await shim.call(methods.Delete, box);
    assert.equal(shim.told.changed, 2);
  });
});
