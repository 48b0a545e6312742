import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findJails } from '../../../src/jail/jail/find.js';
import { makeJail, type JailRequest, type JailTools } from '../../../src/jail/jail/make.js';
import { parameterProbe } from '../../../src/jail/jail/parameter-probe.js';
import { removeJailAndWait, removeJailNamed } from '../../../src/jail/jail/remove.js';
import { attachJail, setJail } from '../../../src/kernel/freebsd/jail.js';
import type { JailParameters } from '../../../src/kernel/freebsd/jail-parameters.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import { openModel, type Model } from '../../model/model.js';
import { MemoryJournal } from '../journal.js';

const releases = [12, 14, 15] as const;

function toolsOf({ freebsd, system }: Model): JailTools {
  // The teardown of a network stack takes a thread of the kernel a moment.
  const pause = () => {
    system.finishTeardowns();
    return Promise.resolve();
  };
  return { system: freebsd, probe: parameterProbe(freebsd), patience: 1000, pause };
}

const request = (changes: Partial<JailRequest> = {}): JailRequest => ({
  name: 'default@box',
  parents: [],
  parameters: {
    asked: { persist: true, host: 'new', 'host.hostname': 'box' },
    defaults: { enforce_statfs: 1, sysvmsg: 'new', sysvsem: 'new', sysvshm: 'new', 'allow.suser': true },
  },
  own: { path: '/mnt', vnet: 'new' },
  journal: new MemoryJournal(),
  ...changes,
});

const makeHostJail = ({ freebsd }: Model, parameters: JailParameters): Promise<number> => {
  return run(freebsd, (b) => setJail(b, { persist: true, ...parameters }, { operation: 'create' }));
};

describe('making a jail', () => {
  for (const release of releases) {
    it(`makes it of what FreeBSD ${release} has, and writes it down`, async () => {
      const model = openModel(release);
      const wanted = request();
      const made = await makeJail(toolsOf(model), wanted);
      assert.deepEqual(
        [made.name, wanted.journal.entries()],
        ['default@box', [{ seq: made.seq, kind: 'jail', detail: { name: 'default@box' } }]],
      );
      const names = ['path', 'host.hostname', 'enforce_statfs', 'vnet', 'persist'] as const;
      const [found] = await findJails(model.freebsd, ['default@box'], names);
      assert.deepEqual(found, {
        jid: made.jid,
        name: 'default@box',
        values: { path: '/mnt', 'host.hostname': 'box', enforce_statfs: 1, vnet: 'new', persist: true },
      });
      await removeJailAndWait(model.freebsd, made.jid, toolsOf(model));
      assert.deepEqual(model.remains(), []);
    });
  }

  it('asks for parameters once', async () => {
    const model = openModel(14);
    const tools = toolsOf(model);
    const counts: number[] = [];
    for (const name of ['a@1', 'a@2']) {
      const before = model.faults.made;
      await makeJail(tools, request({ name }));
      counts.push(model.faults.made - before);
    }
    // Finding the name and making the jail are left.
    assert.equal(counts[1], 2);
    assert.ok((counts[0] ?? 0) > 2);
  });

  it('makes the child of the first parent that exists, within its bounds', async () => {
    const model = openModel(14);
    await makeHostJail(model, { name: 'pod', path: '/mnt', 'children.max': 10 });
    const parameters = {
      asked: { persist: true },
      defaults: { enforce_statfs: 1, 'allow.raw_sockets': true },
    } as JailRequest['parameters'];
    const own: JailParameters = { path: '/mnt', ip4: 'inherit', ip6: 'inherit' };
    const made = await makeJail(
      toolsOf(model),
      request({ parents: ['default@pod', 'pod'], parameters, own }),
    );
    assert.equal(made.name, 'pod.default@box');
    const names = ['enforce_statfs', 'allow.raw_sockets'] as const;
    const [found] = await findJails(model.freebsd, [made.name], names);
    assert.deepEqual(found?.values, { enforce_statfs: 2, 'allow.raw_sockets': false });
  });

  const refusals: [what: string, changes: Partial<JailRequest>, kind: string, message: string][] = [
    [
      'a parent that does not exist',
      { parents: ['a', 'b'] },
      'not-found',
      'the parent jail a or b does not exist',
    ],
    ['a name that is taken', { name: 'taken' }, 'already-exists', 'jail taken exists already (jid 7)'],
    [
      'a name that is taken below the parent',
      { name: 'child', parents: ['taken'] },
      'already-exists',
      'jail taken.child exists already (jid 8)',
    ],
    [
      'a permission that only modules have',
      { parameters: { asked: { persist: true, 'allow.vmm': true }, defaults: {} } },
      'unsupported',
      'allow.vmm: this kernel has no such parameter',
    ],
    [
      'a permission that the parent lacks',
      { parents: ['taken'], parameters: { asked: { persist: true, 'allow.mlock': true }, defaults: {} } },
      'precondition',
      'allow.mlock: the parent jail taken is not allowed it itself',
    ],
  ];

  for (const [what, changes, kind, message] of refusals) {
    it(`is refused: ${what}`, async () => {
      const model = openModel(14);
      await makeHostJail(model, { jid: 7, name: 'taken', path: '/mnt', 'children.max': 3 });
      await makeHostJail(model, { jid: 8, name: 'taken.child', path: '/mnt' });
      const before = model.remains();
      const wanted = request(changes);
      await assert.rejects(makeJail(toolsOf(model), wanted), { kind, message });
      assert.deepEqual([model.remains(), wanted.journal.entries()], [before, []]);
    });
  }

  it('leaves nothing when the kernel refuses', async () => {
    const model = openModel(14);
    const wanted = request({ own: { path: '/nonexistent' } });
    await assert.rejects(makeJail(toolsOf(model), wanted), {
      message: /^jail_set: jail default@box: ENOENT/,
    });
    assert.deepEqual([model.remains(), wanted.journal.entries()], [[], []]);
  });

  it('leaves alone a jail of its name that somebody else makes in the last moment', async () => {
    const model = openModel(14);
    const tools = toolsOf(model);
    let racing: Promise<number> | undefined;
    class Interrupted extends MemoryJournal {
      override making(kind: string, detail: unknown): number {
        // Between the look at the name and jail_set(2).
        racing = makeHostJail(model, { name: 'default@box', path: '/mnt' });
        return super.making(kind, detail);
      }
    }
    const journal = new Interrupted();
    await assert.rejects(makeJail(tools, request({ journal })), { message: /EEXIST/ });
    const [found] = await findJails(model.freebsd, ['default@box']);
    assert.deepEqual([found?.jid, journal.entries()], [await racing, []]);
  });

  for (const release of releases) {
    it(`leaves nothing on FreeBSD ${release}, whichever call fails`, async () => {
      let n = 1;
      for (; ; n++) {
        const model = openModel(release);
        const wanted = request();
        model.faults.failNth(n, 'ENOMEM');
        const made = await makeJail(toolsOf(model), wanted).catch((error: unknown) => {
          assert.match(String(error), /ENOMEM/);
          return undefined;
        });
        const { failed } = model.faults;
        model.faults.failNth(0, '');
        if (failed === undefined) break;
        assert.equal(made, undefined, failed);
        assert.deepEqual([model.remains(), wanted.journal.entries()], [[], []], `after call ${n}: ${failed}`);
      }
      assert.ok(n > 5, `${n} calls`);
    });
  }
});

describe('removing a jail', () => {
  it('is no error if it is gone', async () => {
    const model = openModel(14);
    await removeJailAndWait(model.freebsd, 4711, toolsOf(model));
    await removeJailNamed(model.freebsd, 'none@such', toolsOf(model));
  });

  it('finds it by its name', async () => {
    const model = openModel(14);
    await makeJail(toolsOf(model), request());
    await removeJailNamed(model.freebsd, 'default@box', toolsOf(model));
    assert.deepEqual(model.remains(), []);
  });

  it('waits for one that is held, more and more seldom, and no longer than it shall', async () => {
    const model = openModel(14);
    const { jid } = await makeJail(toolsOf(model), request());
    // Whoever made it does not collect it when it is killed.
    const zombie = await model.kernel.fork();
    await run({ ...model.freebsd, kernel: zombie }, (b) => attachJail(b, jid));
    const pauses: number[] = [];
    const pause = (milliseconds: number) => {
      pauses.push(milliseconds);
      return Promise.resolve();
    };
    await assert.rejects(removeJailAndWait(model.freebsd, jid, { patience: 300, pause }), {
      kind: 'failed',
      message: /^jail \d+ is still dying after 0\.327 s: /,
    });
    assert.deepEqual(pauses, [1, 2, 4, 8, 16, 32, 64, 100, 100]);
  });
});
