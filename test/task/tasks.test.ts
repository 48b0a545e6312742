import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pack } from '../../src/proto/any.js';
import { Options } from '../../src/proto/generated/messages.js';
import { TaskV2 } from '../../src/proto/generated/services.js';
import { RuntimeError } from '../../src/runtime/error.js';
import { notLinux, notRootOnLinux } from '../kernel/kernels.js';
import { Reader } from './stdio/client.js';
import { makeFifo } from './stdio/fixture.js';
import { codeOf, type Shim, startShim } from './shim.js';

const methods = TaskV2.methods;
const box = { id: 'box' };
const key = { namespace: 'ns', id: 'box' };
const limits = { skip: notLinux, timeout: 60_000 };

/** Nothing has come of a create, and the next one works. */
async function nothingLeft(shim: Shim): Promise<void> {
  assert.equal(shim.tasks.count, 0);
  assert.deepEqual(shim.store.list(), []);
  assert.equal(shim.runtime.containers.size, 0);
  assert.deepEqual(shim.events.lines, []);
  assert.deepEqual(await Promise.all([shim.state(), deleted(shim)].map(codeOf)), ['NotFound', 'NotFound']);
  await shim.create('true');
}

const deleted = (shim: Shim) => shim.call(methods.Delete, box);

describe('Create', limits, () => {
  it('writes the container down with its pid, and announces what was asked for', async (test) => {
    const shim = await startShim(test);
    const rootfs = [{ type: 'bind', source: '/', target: '', options: ['rbind', 'ro'] }];
    const bundle = shim.bundle('true');
    const pid = await shim.create('', { bundle, rootfs, stdout: `file://${shim.folder}/log` });
    assert.deepEqual(shim.store.list(), [{ ...key, bundle, pid }]);
    const [event] = shim.events.all;
    assert.deepEqual(event?.message, {
      containerId: 'box',
      bundle,
      rootfs,
      io: { stdin: '', stdout: `file://${shim.folder}/log`, stderr: '', terminal: false },
      checkpoint: '',
      pid,
    });
  });

  it('hands the runtime bundle, spec, mounts, options, and whether there is a terminal', async (test) => {
    const shim = await startShim(test);
    const given = { noPivotRoot: true, systemdCgroup: true, binaryName: 'crun', root: '/run/x', ioUid: 5 };
    const rootfs = [{ type: 'overlay', source: 'overlay', target: 'a', options: ['x=y'] }];
    const bundle = shim.bundle('true');
    await shim.create('', { bundle, rootfs, terminal: true, options: pack(Options, given) });
    const [request] = shim.runtime.requests;
    assert.deepEqual(
      [
        request?.key,
        request?.bundle,
        request?.rootfs,
        request?.spec.process.terminal,
        request?.stdio.terminal,
      ],
      [key, bundle, rootfs, true, true],
    );
    assert.deepEqual(request?.options, { ...given, noNewKeyring: false, ioGid: 0 });
  });

  it('with one id at the same time makes one container', async (test) => {
    const shim = await startShim(test);
    const codes = await Promise.all(Array.from({ length: 5 }, () => codeOf(shim.create('true'))));
    assert.deepEqual(codes.sort(), [...Array<string>(4).fill('AlreadyExists'), 'OK']);
    assert.equal(shim.runtime.requests.length, 1);
    assert.deepEqual(shim.events.lines, ['create box']);
  });

  it('is refused while a container of this id is being deleted', async (test) => {
    const shim = await startShim(test);
    await shim.create('true');
    const held = shim.runtime.gates.hold('remove');
    const deleting = deleted(shim);
    await held.reached;
    assert.equal(await codeOf(shim.create('true')), 'AlreadyExists');
    held.release();
    await deleting;
    assert.equal(await codeOf(shim.create('true')), 'OK');
  });

  it('counts as a container while it is under way', async (test) => {
    const shim = await startShim(test);
    const held = shim.runtime.gates.hold('create');
    const creating = codeOf(shim.create('true'));
    await held.reached;
    assert.equal(shim.tasks.count, 1);
    assert.equal(await codeOf(shim.state()), 'NotFound');
    held.fail(new RuntimeError('failed', 'no'));
    assert.equal(await creating, 'Unknown');
    assert.equal(shim.tasks.count, 0);
    assert.equal(shim.told.changed, 1);
  });

  it('of an init that dies before it is answered has an exit all the same', async (test) => {
    const shim = await startShim(test);
    const held = shim.runtime.gates.hold('created');
    const creating = shim.create('true');
    await held.reached;
    const { init } = shim.runtime.get('box');
    init.signal(9);
    await init.exited;
    held.release();
    assert.equal(await creating, init.pid);
    assert.equal(await shim.wait(), 137);
    assert.deepEqual(shim.events.lines, ['create box', 'exit box']);
    await deleted(shim);
  });
});

describe('a Create that fails', limits, () => {
  const failures: [string, (shim: Shim) => Promise<unknown>, number, RegExp][] = [
    ['for its id', (shim) => shim.create('true', { id: '../box' }), 3, /container id "..\/box" is not/],
    ['for no id', (shim) => shim.create('true', { id: '' }), 3, /container id "" is not/],
    ['for a long id', (shim) => shim.create('true', { id: 'x'.repeat(129) }), 3, /is not a valid id/],
    ['for a relative bundle', (shim) => shim.create('', { bundle: 'box' }), 3, /"box" is not an absolute/],
    ['for a NUL', (shim) => shim.create('', { bundle: '/a\0b' }), 3, /is not an absolute path/],
    ['for a missing bundle', (shim) => shim.create('', { bundle: '/none' }), 5, /bundle \/none: ENOENT/],
    [
      'for a bundle that is a file',
      (shim) => shim.create('', { bundle: '/etc/passwd' }),
      5,
      /not a directory/,
    ],
    [
      'for a bundle without a spec',
      (shim) => {
        const bundle = join(shim.folder, 'empty');
        mkdirSync(bundle);
        return shim.create('', { bundle });
      },
      5,
      /cannot read the spec: ENOENT/,
    ],
    [
      'for a spec that is no JSON',
      (shim) => {
        const bundle = shim.bundle('true');
        writeFileSync(join(bundle, 'config.json'), '{');
        return shim.create('', { bundle });
      },
      3,
      /config.json is not JSON/,
    ],
    [
      'for a missing program',
      (shim) => shim.create('', { bundle: shim.bundle('/none') }),
      2,
      /executable file not found/,
    ],
    ['for a missing FIFO', (shim) => shim.create('true', { stdin: '/none' }), 2, /^stdin: FIFO "\/none"/],
    ['for a scheme', (shim) => shim.create('true', { stdout: 'http://x/y' }), 2, /unknown scheme/],
    [
      'for options that cannot be read',
      (shim) => shim.create('true', { options: { ...pack(Options, {}), value: Buffer.of(0xff) } }),
      3,
      /cannot decode containerd.runc.v1.Options/,
    ],
    [
      'in the runtime',
      (shim) => {
        shim.runtime.gates.fail('create', new RuntimeError('unsupported', 'no such mount'));
        return shim.create('true');
      },
      12,
      /no such mount/,
    ],
  ];
  for (const [why, create, code, message] of failures) {
    it(`${why} leaves nothing, not even an event`, async (test) => {
      const shim = await startShim(test);
      await assert.rejects(create(shim), { code, message });
      await nothingLeft(shim);
      assert.deepEqual(shim.warnings, []);
    });
  }

  /** Fails when the container was made already. */
  const failingPid = (test: Parameters<typeof startShim>[0]): Promise<Shim> => {
    let failures = 1;
    return startShim(test, {
      host: (host) => ({
        ...host,
        records: {
          ...host.records,
          setPid: (...args) => {
            if (failures-- > 0) throw new Error('database or disk is full');
            host.records.setPid(...args);
          },
        },
      }),
    });
  };

  it('when the container was made removes it', async (test) => {
    const shim = await failingPid(test);
    const stdout = makeFifo(join(shim.folder, 'stdout'));
    const reader = new Reader(test, stdout);
    await assert.rejects(shim.create('true', { stdout }), { message: 'database or disk is full' });
    await reader.toEnd();
    await nothingLeft(shim);
  });

  it('when the container was made and cannot be removed leaves it on record', async (test) => {
    const shim = await failingPid(test);
    shim.runtime.gates.fail('remove', new Error('rootfs: EBUSY'));
    await assert.rejects(shim.create('true'), { message: 'database or disk is full' });
    assert.deepEqual(shim.warnings, ['after a failed create: rootfs: EBUSY']);
    assert.equal(shim.tasks.count, 0);
    assert.equal(shim.store.list().length, 1);
    assert.deepEqual(
      shim.store.made(key).map(({ kind }) => kind),
      ['process'],
    );
  });

  it('when it is on record from before touches nothing of it', async (test) => {
    const shim = await startShim(test);
    shim.store.add(key, '/old');
    assert.equal(await codeOf(shim.create('true')), 'Unknown');
    assert.equal(shim.runtime.requests.length, 0);
    assert.equal(shim.store.get(key)?.bundle, '/old');
  });
});

describe('the owner of pipes', { ...limits, skip: notRootOnLinux }, () => {
  it('is whom the options name, for execs', async (test) => {
    const shim = await startShim(test);
    const stdout = makeFifo(join(shim.folder, 'stdout'));
    const reader = new Reader(test, stdout);
    await shim.create('exec sleep 1000', { options: pack(Options, { ioUid: 1234, ioGid: 5678 }) });
    await shim.start();
    await shim.exec('sh', 'stat -L -c %u:%g /proc/$$/fd/1', { stdout });
    await shim.start('sh');
    assert.equal((await reader.toEnd()).toString(), '1234:5678\n');
  });
});

describe('a removal by force', limits, () => {
  it('kills what runs', async (test) => {
    const shim = await startShim(test);
    await shim.create('exec sleep 1000');
    await shim.start();
    await shim.exec('sh', 'exec sleep 1000');
    await shim.start('sh');
    const init = await shim.tasks.removeByForce(key);
    assert.equal(init?.exit?.status, 137);
    assert.deepEqual(shim.events.lines.slice(-3), ['exit box/sh', 'exit box', 'delete box']);
    assert.deepEqual(shim.store.list(), []);
    assert.equal(await codeOf(shim.state()), 'NotFound');
  });

  it('removes what never ran, and what has ended', async (test) => {
    const shim = await startShim(test);
    await shim.create('exit 3');
    assert.equal((await shim.tasks.removeByForce(key))?.exit?.status, 137);
    await shim.create('exit 3');
    await shim.start();
    await shim.wait();
    assert.equal((await shim.tasks.removeByForce(key))?.exit?.status, 3);
    assert.equal(await shim.tasks.removeByForce(key), undefined);
  });

  it('kills what is paused', async (test) => {
    const shim = await startShim(test);
    await shim.create('exec sleep 1000');
    await shim.start();
    await shim.call(methods.Pause, box);
    await shim.tasks.removeByForce(key);
    assert.equal(shim.tasks.count, 0);
  });

  it('waits for a create that is under way', async (test) => {
    const shim = await startShim(test);
    const held = shim.runtime.gates.hold('create');
    const creating = shim.create('true');
    await held.reached;
    const removing = shim.tasks.removeByForce(key);
    held.release();
    const pid = await creating;
    assert.equal((await removing)?.pid, pid);
    assert.equal(shim.tasks.count, 0);
  });

  it('finds nothing when the create that is under way fails', async (test) => {
    const shim = await startShim(test);
    const held = shim.runtime.gates.hold('create');
    const creating = codeOf(shim.create('true'));
    await held.reached;
    const removing = shim.tasks.removeByForce(key);
    held.fail(new Error('no'));
    assert.equal(await creating, 'Unknown');
    assert.equal(await removing, undefined);
  });

  it('waits for a Start that is under way, and kills what it has started', async (test) => {
    const shim = await startShim(test);
    await shim.create('exec sleep 1000');
    const held = shim.runtime.gates.hold('start');
    const starting = codeOf(shim.start());
    await held.reached;
    const removing = shim.tasks.removeByForce(key);
    held.release();
    assert.equal(await starting, 'OK');
    assert.equal((await removing)?.exit?.status, 137);
    assert.deepEqual(shim.events.lines, ['create box', 'start box', 'exit box', 'delete box']);
  });

  it('kills init itself when not all processes can be killed', async (test) => {
    const shim = await startShim(test);
    await shim.create('exec sleep 1000');
    await shim.start();
    shim.runtime.gates.fail('signalAll', new Error('cgroup.kill: EIO'));
    assert.equal((await shim.tasks.removeByForce(key))?.exit?.status, 137);
    assert.deepEqual(shim.warnings, ['cannot kill all processes: cgroup.kill: EIO']);
  });
});

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
    await deleted(shim);
    assert.equal(shim.told.changed, 2);
  });
});
