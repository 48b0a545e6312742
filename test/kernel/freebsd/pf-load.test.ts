import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { isKernelError } from '../../../src/kernel/error.js';
import type { Answer, Batch, Kernel } from '../../../src/kernel/kernel.js';
import { openPacketFilter } from '../../../src/kernel/freebsd/pf-device.js';
import { RulesetLoader, type Rulesets } from '../../../src/kernel/freebsd/pf-load.js';
import { listRules } from '../../../src/kernel/freebsd/pf-rules.js';
import { addRule, beginPool, beginRulesets } from '../../../src/kernel/freebsd/pf-transaction.js';
import { run, type FreeBSD } from '../../../src/kernel/freebsd/run.js';
import { openModel, type Model } from '../../model/model.js';
import { allAnchors } from '../../model/pf-state.js';

const rulesets: Rulesets = {
  nat: [
    {
      kind: 'nat',
      interface: 'vtnet0',
      source: { address: { network: '10.0.0.2' } },
      to: { interface: 'vtnet0' },
      label: 'nat',
    },
  ],
  rdr: [80, 443].map((port) => ({
    kind: 'rdr',
    protocol: 'tcp',
    destination: { ports: { first: port } },
    to: { network: '10.0.0.2' },
    label: `rdr ${port}`,
  })),
  filter: [{ kind: 'filter', action: 'pass', label: 'pass' }],
};

const labels = async (system: FreeBSD, anchor: string): Promise<string[]> => {
  const lists = [];
  for (const kind of ['nat', 'rdr', 'filter'] as const)
    lists.push(...(await listRules(system, anchor, kind)));
  return lists.map(({ label }) => label);
};
const all = ['nat', 'rdr 80', 'rdr 443', 'pass'];

/** The anchors with a transaction that nobody will end. */
const openTransactions = ({ system }: Model): string[] => {
  return allAnchors(system.network.host.filter.main)
    .filter(({ rulesets: kinds }) => kinds.some(({ inactive }) => inactive.open))
    .map(({ path }) => path);
};

/** A kernel that has something else done before some of the batches. */
function disturbed(model: Model, disturb: (batch: number) => Promise<unknown>): FreeBSD {
  let count = 0;
  const kernel: Kernel = {
    platform: 'freebsd',
    run: async (batch: Batch): Promise<Answer> => {
      count++;
      await disturb(count);
      return model.kernel.run(batch);
    },
    close: () => undefined,
  };
  return { kernel, bindings: model.freebsd.bindings };
}

for (const release of [12, 13, 14, 15] as const) {
  describe(`RulesetLoader on FreeBSD ${release}`, () => {
    it('loads, replaces and clears the rules of an anchor', async () => {
      const model = openModel(release);
      const loader = new RulesetLoader(model.freebsd);
      await loader.load('top/c1', rulesets);
      assert.deepEqual(await labels(model.freebsd, 'top/c1'), all);
      await loader.load('top/c1', { filter: [{ kind: 'filter', action: 'block', label: 'only' }] });
      assert.deepEqual(await labels(model.freebsd, 'top/c1'), ['only']);
      await loader.clear('top/c1');
      assert.deepEqual(model.remains(), []);
    });

    it('leaves the anchor as it was, and nothing behind, whichever call fails', async () => {
      for (const before of [
        undefined,
        { filter: [{ kind: 'filter', action: 'block', label: 'old' }] },
      ] as const) {
        for (let n = 1; ; n++) {
          const model = openModel(release);
          const loader = new RulesetLoader(model.freebsd);
          if (before !== undefined) await loader.load('top/c1', before);
          const there = model.remains();
          model.faults.failNth(n, 'ENOMEM');
          const failure: unknown = await loader.load('top/c1', rulesets).then(
            () => undefined,
            (error: unknown) => error,
          );
          if (model.faults.failed === undefined) break;
          if (failure === undefined) {
            // Only a close(2) that says it failed.
            assert.equal(model.faults.failed, 'close');
            assert.deepEqual(await labels(model.freebsd, 'top/c1'), all);
            continue;
          }
          assert.ok(isKernelError(failure, 'ENOMEM'), `call ${n}: ${inspect(failure)}`);
          assert.deepEqual(model.remains(), there, `call ${n}: ${failure.message}`);
          assert.deepEqual(openTransactions(model), [], `call ${n}: ${failure.message}`);
          if (before !== undefined) assert.deepEqual(await labels(model.freebsd, 'top/c1'), ['old']);
        }
      }
    });

    it('begins again when somebody else takes the pool buffer or the ticket', async () => {
      for (const batch of [1, 2]) {
        for (const disturbance of ['pool', 'ticket'] as const) {
          const model = openModel(release);
          const system = disturbed(model, async (number) => {
            if (number !== batch) return;
            await run(model.freebsd, (b) => {
              const pf = openPacketFilter(b);
              return disturbance === 'pool' ? beginPool(b, pf) : beginRulesets(b, pf, 'top/c1');
            });
          });
          await new RulesetLoader(system).load('top/c1', rulesets);
          assert.deepEqual(await labels(model.freebsd, 'top/c1'), all);
        }
      }
    });

    it('gives up when somebody else takes it every time', async () => {
      const model = openModel(release);
      const system = disturbed(model, () => {
        return run(model.freebsd, (b) => beginPool(b, openPacketFilter(b)));
      });
      const failure = new RulesetLoader(system).load('top/c1', rulesets);
      await assert.rejects(failure, (error: unknown) => isKernelError(error, 'EBUSY'));
      assert.deepEqual(model.remains(), []);
    });

    it('has several loads one after the other', async () => {
      const model = openModel(release);
      const loader = new RulesetLoader(model.freebsd);
      const names = Array.from({ length: 20 }, (_, index) => `top/c${index}`);
      await Promise.all(names.map((name) => loader.load(name, rulesets)));
      for (const name of names) assert.deepEqual(await labels(model.freebsd, name), all);
      const wrong: Rulesets = { rdr: [{ kind: 'rdr', to: { network: 'nonsense' } }] };
      const outcomes = await Promise.allSettled([loader.load('top/c0', wrong), loader.clear('top/c1')]);
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ['rejected', 'fulfilled'],
      );
      assert.deepEqual(await labels(model.freebsd, 'top/c0'), all);
    });

    it('refuses what makes no sense before anything is called', async () => {
      const model = openModel(release);
      const { made } = model.faults;
      const loader = new RulesetLoader(model.freebsd);
      await assert.rejects(loader.load('top/*', rulesets), RangeError);
      await assert.rejects(
        loader.load('top/c1', { rdr: [{ kind: 'rdr', to: { interface: '' } }] }),
        RangeError,
      );
      assert.equal(model.faults.made, made);
    });
  });
}

describe('RulesetLoader', () => {
  it('counts pool tickets beyond 32 bits', async () => {
    const model = openModel(14);
    model.system.network.host.filter.poolTicket = 0xffff_fffe;
    await new RulesetLoader(model.freebsd).load('top/c1', rulesets);
    assert.deepEqual(await labels(model.freebsd, 'top/c1'), all);
  });

  it('tells what the kernel refused, and on what', async () => {
    const model = openModel(14);
    const twice = {
      filter: [
        { kind: 'filter', action: 'pass' },
        { kind: 'filter', action: 'pass' },
      ],
    } as const;
    await assert.rejects(new RulesetLoader(model.freebsd).load('top/c1', twice), {
      message: 'ioctl: anchor top/c1: filter rule: DIOCADDRULE: EEXIST',
    });
    assert.deepEqual(model.remains(), []);
  });

  it('asks for two batches', async () => {
    const model = openModel(14);
    let batches = 0;
    const system = disturbed(model, () => {
      batches++;
      return Promise.resolve();
    });
    await new RulesetLoader(system).load('top/c1', rulesets);
    assert.equal(batches, 2);
  });
});

describe('addRule', () => {
  it('is EBUSY by a ticket of before', async () => {
    const { freebsd } = openModel(14);
    const { tickets, pool } = await run(freebsd, (b) => {
      const pf = openPacketFilter(b);
      return { tickets: beginRulesets(b, pf, 'a'), pool: beginPool(b, pf) };
    });
    await run(freebsd, (b) => beginRulesets(b, openPacketFilter(b), 'a'));
    const late = run(freebsd, (b) => {
      const place = { anchor: 'a', ticket: tickets.filter, poolTicket: pool + 1 };
      return addRule(b, openPacketFilter(b), place, { kind: 'filter', action: 'pass' });
    });
    await assert.rejects(late, { message: 'ioctl: anchor a: filter rule: DIOCADDRULE: EBUSY' });
  });
});
