import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pack } from '../../../src/proto/any.js';
import { Options } from '../../../src/proto/generated/messages.js';
import { RuntimeError } from '../../../src/runtime/error.js';
import { notRootOnLinux } from '../../kernel/kernels.js';
import { box, limits, methods } from '../container/calls.js';
import { codeOf, startShim } from '../shim.js';
import { Reader } from '../stdio/client.js';
import { makeFifo } from '../stdio/fixture.js';

const key = { namespace: 'ns', id: 'box' };

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
    const deleting = shim.call(methods.Delete, box);
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
    await init.signal(9);
    await init.exited;
    held.release();
    assert.equal(await creating, init.pid);
    assert.equal(await shim.wait(), 137);
    assert.deepEqual(shim.events.lines, ['create box', 'exit box']);
    await shim.call(methods.Delete, box);
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
