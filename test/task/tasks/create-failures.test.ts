import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pack } from '../../../src/proto/any.js';
import { Options } from '../../../src/proto/generated/messages.js';
import { RuntimeError } from '../../../src/runtime/error.js';
import { box, limits, methods } from '../container/calls.js';
import { codeOf, type Shim, startShim } from '../shim.js';
import { Reader } from '../stdio/client.js';
import { makeFifo } from '../stdio/fixture.js';

const key = { namespace: 'ns', id: 'box' };

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
    ['for a scheme', (shim) => shim.create('true', { stdout: 'http://x/y' }), 3, /unknown scheme/],
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

  it('when its memory cannot be watched removes it', async (test) => {
    const shim = await startShim(test);
    const create = shim.runtime.create.bind(shim.runtime);
    shim.runtime.create = async (request) => {
      const container = await create(request);
      container.onOutOfMemory = () => {
        throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
      };
      return container;
    };
    await assert.rejects(shim.create('true'), { code: 8, message: 'too many open files' });
    shim.runtime.create = create;
    await nothingLeft(shim);
  });

  it('when the client has taken its input away meanwhile removes it', async (test) => {
    const shim = await startShim(test);
    const stdin = makeFifo(join(shim.folder, 'stdin'));
    const held = shim.runtime.gates.hold('created');
    const creating = shim.create('true', { stdin });
    await held.reached;
    rmSync(stdin);
    held.release();
    await assert.rejects(creating, { code: 2, message: /^FIFO ".*stdin": ENOENT/ });
    await nothingLeft(shim);
  });

  it('when the container was made and cannot be removed leaves it on record', async (test) => {
    const shim = await failingPid(test);
    shim.runtime.gates.fail('remove', new Error('rootfs: EBUSY'));
    await assert.rejects(shim.create('true'), {
      code: 2,
      message: 'database or disk is full; what was made cannot be removed: rootfs: EBUSY',
    });
    assert.deepEqual(shim.warnings, ['after a failed create: rootfs: EBUSY']);
    assert.equal(shim.tasks.count, 0);
    assert.equal(shim.store.list().length, 1);
    assert.deepEqual(
      shim.store.made(key).map(({ kind }) => kind),
      ['process'],
    );
    await shim.create('true');
    assert.deepEqual(shim.runtime.cleaned, ['ns/box'], 'the next Create has tried again');
  });

  it('and could not be undone is undone before the next one of the name', async (test) => {
    const shim = await failingPid(test);
    shim.runtime.gates.fail('remove', new Error('rootfs: EBUSY'));
    await assert.rejects(shim.create('true'), { message: /^database or disk is full; what was made/ });
    shim.runtime.gates.fail('cleanUp', new Error('rootfs: EBUSY still'));
    await assert.rejects(shim.create('true'), { message: /is in the way: rootfs: EBUSY still$/ });
    assert.equal(shim.store.list().length, 1);
    await shim.create('true');
    assert.deepEqual(shim.runtime.cleaned, ['ns/box']);
    assert.deepEqual(
      shim.store.made(key).map(({ detail }) => detail),
      [shim.runtime.get('box').init.pid],
    );
  });

  it('in the runtime when something was made removes that by the record', async (test) => {
    const shim = await startShim(test);
    shim.runtime.gates.fail('created', new RuntimeError('unsupported', 'no such mount'));
    await assert.rejects(shim.create('true'), { code: 12, message: 'no such mount' });
    assert.deepEqual([shim.store.list(), shim.warnings, shim.runtime.cleaned], [[], [], ['ns/box']]);
  });

  it('in the runtime and cannot be undone says so, and is tried again', async (test) => {
    const shim = await startShim(test);
    shim.runtime.gates.fail('created', new RuntimeError('unsupported', 'no such mount'));
    shim.runtime.gates.fail('cleanUp', new Error('rootfs: EBUSY'));
    await assert.rejects(shim.create('true'), {
      code: 12,
      message: 'no such mount; what was made cannot be removed: rootfs: EBUSY',
    });
    assert.equal(shim.store.list().length, 1);
    shim.runtime.gates.fail('cleanUp', new Error('rootfs: EBUSY'));
    await assert.rejects(shim.create('true'), {
      message: 'what is left of an earlier container box is in the way: rootfs: EBUSY',
    });
    assert.equal(shim.store.list().length, 1);
    await shim.create('true');
    assert.deepEqual(shim.runtime.cleaned, ['ns/box']);
  });
});

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
