import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { box, limits, methods } from '../container/calls.js';
import { codeOf, startShim } from '../shim.js';

describe('the namespace of a call', limits, () => {
  const metadata = { namespace: undefined } as const;

  it('is that of the metadata, so that two namespaces may use one id', async (test) => {
    const shim = await startShim(test, metadata);
    const pids = [];
    for (const namespace of ['one', 'two']) {
      const bundle = shim.bundle('sleep', '1000');
      pids.push((await shim.call(methods.Create, { ...box, bundle }, { namespace })).pid);
    }
    const states = await Promise.all(
      ['one', 'two'].map((namespace) => shim.call(methods.State, box, { namespace })),
    );
    assert.deepEqual(
      states.map(({ pid }) => pid),
      pids,
    );
    assert.deepEqual(
      shim.events.all.map(({ namespace }) => namespace),
      ['one', 'two'],
    );
    await shim.call(methods.Delete, box, { namespace: 'one' });
    assert.equal(await codeOf(shim.call(methods.State, box, { namespace: 'one' })), 'NotFound');
    assert.equal(await codeOf(shim.call(methods.State, box, { namespace: 'two' })), 'OK');
  });

  it('that the service knows itself is the one that counts', async (test) => {
    const shim = await startShim(test, { namespace: 'own' });
    await shim.call(methods.Create, { ...box, bundle: shim.bundle('true') }, { namespace: 'other' });
    assert.deepEqual(
      shim.events.all.map(({ namespace }) => namespace),
      ['own'],
    );
  });

  it('may be left out where only one container has the id', async (test) => {
    const shim = await startShim(test, metadata);
    const create = (namespace: string) =>
      shim.call(methods.Create, { ...box, bundle: shim.bundle('true') }, { namespace });
    await create('one');
    assert.equal(await shim.state(), 'CREATED');
    await create('two');
    assert.equal(await codeOf(shim.state()), 'InvalidArgument');
  });

  it('is needed for Create, and for nothing else of what does not exist', async (test) => {
    const shim = await startShim(test, metadata);
    await assert.rejects(shim.create('true'), { code: 3, message: /containerd-namespace-ttrpc/ });
    assert.equal(await codeOf(shim.state()), 'NotFound');
    assert.equal(await codeOf(shim.call(methods.Delete, box)), 'NotFound');
    assert.equal(await codeOf(shim.call(methods.Connect, box)), 'NotFound');
  });

  for (const namespace of ['', '../x', 'a/b', 'a\0b', 'x'.repeat(129)]) {
    it(`${JSON.stringify(namespace.slice(0, 20))} cannot have containers`, async (test) => {
      const shim = await startShim(test, metadata);
      const bundle = shim.bundle('true');
      const create = shim.call(methods.Create, { ...box, bundle }, { namespace });
      await assert.rejects(create, { code: 3, message: /namespace/ });
      assert.deepEqual(shim.store.list(), []);
    });
  }
});
