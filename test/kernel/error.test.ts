import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { errnoName, errnoNumber } from '../../src/kernel/errno.js';
import { isKernelError, KernelError, stoppedBy, throwIfStopped } from '../../src/kernel/error.js';

describe('KernelError', () => {
  it('says the call, the object, the errno and the kernel’s words', () => {
    const failure = { platform: 'freebsd', call: 'jail_set', object: "jail 'c1'", errno: 1 } as const;
    const error = new KernelError({ ...failure, detail: 'prison limit exceeded' });
    assert.equal(error.message, "jail_set: jail 'c1': EPERM prison limit exceeded");
    assert.equal(new KernelError(failure).message, "jail_set: jail 'c1': EPERM");
    assert.equal(error.code, 'EPERM');
  });

  it('is told apart by the errno’s name, whose number differs between platforms', () => {
    const linux = new KernelError({ platform: 'linux', call: 'read', object: 'x', errno: 11 });
    const freebsd = new KernelError({ platform: 'freebsd', call: 'read', object: 'x', errno: 35 });
    for (const error of [linux, freebsd]) {
      assert.ok(isKernelError(error, 'EINTR', 'EAGAIN'));
      assert.ok(isKernelError(error));
      assert.ok(!isKernelError(error, 'EINTR'));
    }
    assert.ok(!isKernelError(new Error('EAGAIN'), 'EAGAIN'));
  });

  it('is made of the call that stopped a batch, not of one that may fail', () => {
    const calls = [
      { symbol: 'unmount', args: [], mayFail: true },
      { symbol: 'close', args: [] },
    ];
    const batch = { arena: new Uint8Array(0), fixups: [], calls };
    const failed = { value: -1n, errno: 9 };
    const answer = { arena: batch.arena, results: [failed, failed] };
    assert.deepEqual(stoppedBy(batch, answer), { call: 'close', errno: 9 });
    assert.throws(
      () => {
        throwIfStopped('linux', batch, answer, 'descriptor 4');
      },
      { message: 'close: descriptor 4: EBADF' },
    );
    assert.equal(stoppedBy(batch, { ...answer, results: [failed] }), undefined);
    assert.equal(stoppedBy(batch, { ...answer, results: [failed, { value: 0n, errno: 0 }] }), undefined);
  });
});

describe('errno names', () => {
  it('are those of this host', () => {
    const platform = process.platform === 'freebsd' ? 'freebsd' : 'linux';
    let compared = 0;
    for (const [name, number] of Object.entries(constants.errno)) {
      assert.equal(errnoNumber(platform, canonical(name)), number, name);
      compared++;
    }
    assert.ok(compared > 70);
  });

  it('differ between the platforms where they do', () => {
    assert.equal(errnoName('freebsd', 35), 'EAGAIN');
    assert.equal(errnoName('freebsd', 11), 'EDEADLK');
    assert.equal(errnoName('freebsd', 78), 'ENOSYS');
    assert.equal(errnoName('freebsd', 97), 'EINTEGRITY');
    assert.equal(errnoName('linux', 35), 'EDEADLK');
    assert.equal(errnoName('linux', 133), 'EHWPOISON');
  });

  it('are numbers where there is no name', () => {
    assert.equal(errnoName('linux', 41), 'errno 41');
    assert.equal(errnoName('linux', 0), 'errno 0');
    assert.equal(errnoName('freebsd', 4711), 'errno 4711');
    assert.throws(() => errnoNumber('freebsd', 'ENODATA'), /freebsd has no errno ENODATA/);
    assert.throws(() => errnoNumber('linux', '-'), RangeError);
  });
});

// Two names of one number; we know the first.
function canonical(name: string): string {
  const second: Record<string, string> = {
    EWOULDBLOCK: 'EAGAIN',
    ENOTSUP: 'EOPNOTSUPP',
    EDEADLOCK: 'EDEADLK',
  };
  return second[name] ?? name;
}
