import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isKernelError } from '../../src/kernel/error.js';
import { removeJail, setJail } from '../../src/kernel/freebsd/jail.js';
import { mount, unmount } from '../../src/kernel/freebsd/mount.js';
import { openTemporarily, statusOf } from '../../src/kernel/freebsd/file.js';
import { run } from '../../src/kernel/freebsd/run.js';
import { openModel } from './model.js';

describe('fault injection', () => {
  it('fails the n-th call and no other', async () => {
    const model = openModel(14);
    model.faults.failNth(2, 'ENOMEM');
    await run(model.freebsd, (b) => mount(b, { type: 'tmpfs', target: '/mnt' }));
    const second = run(model.freebsd, (b) => mount(b, { type: 'tmpfs', target: '/mnt' }));
    await assert.rejects(second, (error: unknown) => isKernelError(error, 'ENOMEM'));
    assert.equal(model.faults.failed, 'nmount');
    await run(model.freebsd, (b) => unmount(b, { path: '/mnt' }));
    assert.deepEqual(model.remains(), []);
  });

  it('closes a descriptor even if it shall fail', async () => {
    const model = openModel(14);
    // openat, fstat, close
    model.faults.failNth(3, 'EINTR');
    await run(model.freebsd, (b) => statusOf(b, openTemporarily(b, '/etc')));
    assert.equal(model.faults.failed, 'close');
    assert.deepEqual(model.remains(), []);
  });
});

describe('remains', () => {
  it('tells what is there that was not there at the beginning', async () => {
    const model = openModel(14);
    const jid = await run(model.freebsd, (b) => {
      return setJail(b, { name: 'j', persist: true }, { operation: 'create' });
    });
    await run(model.freebsd, (b) => mount(b, { type: 'tmpfs', target: '/mnt' }));
    const [jail, mounted, ...rest] = model.remains();
    assert.equal(jail, `jail ${jid} j`);
    assert.match(mounted ?? '', /^mount tmpfs on \/mnt /);
    assert.deepEqual(rest, []);
    await run(model.freebsd, (b) => [removeJail(b, jid), unmount(b, { path: '/mnt' })]);
    assert.deepEqual(model.remains(), []);
  });
});
