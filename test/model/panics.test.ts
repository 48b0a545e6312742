import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addIPv4Address } from '../../src/kernel/freebsd/address.js';
import {
  createInterface,
  destroyInterface,
  lendInterface,
  reclaimInterface,
  setInterfaceFlags,
} from '../../src/kernel/freebsd/interface.js';
import { getJail, removeJail, setJail } from '../../src/kernel/freebsd/jail.js';
import { run } from '../../src/kernel/freebsd/run.js';
import { isKernelError } from '../../src/kernel/error.js';
import { ifreq } from '../conformance/harness/interfaces.js';
import { call } from '../conformance/harness/raw.js';
import { ModelPanic } from './failure.js';
import { openModel, type Model } from './model.js';

// What brought a real FreeBSD 12.1 down, and is therefore in no case that runs on real ones.

/** A jail that has half of an epair. */
async function lent(model: Model): Promise<{ jid: number; a: string; b: string }> {
  const a = await run(model.freebsd, (builder) => createInterface(builder, 'epair'));
  const b = a.replace(/a$/, 'b');
  const jid = await run(model.freebsd, (builder) => {
    return setJail(builder, { name: 'j', persist: true, vnet: 'new' }, { operation: 'create' });
  });
  await run(model.freebsd, (builder) => lendInterface(builder, b, jid));
  return { jid, a, b };
}

async function gone(model: Model, jid: number): Promise<void> {
  for (;;) {
    const found = await run(model.freebsd, (b) => b.attempt(() => getJail(b, { jid }, [], { dying: true })));
    if (isKernelError(found, 'ENOENT')) return;
  }
}

describe('calls that bring a kernel down', () => {
  it('has ifr_data of an epair', async () => {
    const model = openModel(12);
    await assert.rejects(ifreq(model.freebsd, 'SIOCIFCREATE2', 'epair', { ifr_metric: 1 }), ModelPanic);
    const { error } = await ifreq(model.freebsd, 'SIOCIFCREATE2', 'bridge', { ifr_metric: 1 });
    assert.equal(error, '');
  });

  it('has a negative vhid without carp(4)', async () => {
    const model = openModel(12);
    const { constants, layouts } = model.freebsd.bindings;
    const { value } = await call(model.kernel, 'socket', () => [constants.AF_INET, constants.SOCK_DGRAM, 0]);
    const adding = call(model.kernel, 'ioctl', (arena) => {
      const address = Uint8Array.of(16, 2, 0, 0, 10, 85, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0);
      const input = { ifra_name: 'vtnet0', ifra_addr: address, ifra_mask: address, ifra_vhid: -1 };
      return [value, constants.SIOCAIFADDR, { arena: arena.struct(layouts.in_aliasreq, input) }];
    });
    await assert.rejects(adding, ModelPanic);
  });

  const used: [what: string, use: (model: Model, a: string) => Promise<unknown>][] = [
    ['up', (model, a) => run(model.freebsd, (b) => setInterfaceFlags(b, a, 1))],
    [
      'with an address',
      (model, a) => run(model.freebsd, (b) => addIPv4Address(b, a, { address: '10.0.0.1', prefix: 24 })),
    ],
  ];
  for (const [what, use] of used) {
    it(`has an epair destroyed that was ${what}, while its jail goes`, async () => {
      const model = openModel(12);
      const { jid, a } = await lent(model);
      await use(model, a);
      await run(model.freebsd, (b) => removeJail(b, jid));
      await assert.rejects(
        run(model.freebsd, (b) => destroyInterface(b, a)),
        ModelPanic,
      );
    });
  }
});

describe('calls that do not', () => {
  it('destroys an epair that was never up while its jail goes', async () => {
    const model = openModel(12);
    const { jid, a } = await lent(model);
    await run(model.freebsd, (b) => [removeJail(b, jid), destroyInterface(b, a)]);
    assert.deepEqual(model.remains(), []);
  });

  const orders: [
    what: string,
    end: (model: Model, made: { jid: number; a: string; b: string }) => Promise<void>,
  ][] = [
    [
      'destroys the half on the host, then removes the jail',
      async (model, { jid, a }) => {
        await run(model.freebsd, (b) => [destroyInterface(b, a), removeJail(b, jid)]);
      },
    ],
    [
      'takes the half of the jail back, then removes the jail',
      async (model, { jid, a, b }) => {
        await run(model.freebsd, (builder) => [
          reclaimInterface(builder, b, jid),
          removeJail(builder, jid),
          destroyInterface(builder, a),
        ]);
      },
    ],
    [
      'removes the jail, and waits until it is gone',
      async (model, { jid, a }) => {
        await run(model.freebsd, (b) => removeJail(b, jid));
        await gone(model, jid);
        await run(model.freebsd, (b) => destroyInterface(b, a));
      },
    ],
  ];
  for (const [what, end] of orders) {
    it(what, async () => {
      const model = openModel(12);
      const made = await lent(model);
      await run(model.freebsd, (b) => setInterfaceFlags(b, made.a, 1));
      await end(model, made);
      assert.deepEqual(model.remains(), []);
    });
  }
});
