import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { freebsd14Amd64 } from '../../../src/kernel/bindings/freebsd14-amd64.js';
import { isKernelError } from '../../../src/kernel/error.js';
import { setStatusFlags, statusFlags } from '../../../src/kernel/freebsd/descriptor.js';
import { freebsdCalls } from '../../../src/kernel/freebsd/host.js';
import { runNow, type LocalFreeBSD } from '../../../src/kernel/freebsd/run.js';
import type { Answer, Batch, CallResult } from '../../../src/kernel/kernel.js';
import { folder, kernel, makeFifo } from '../../task/stdio/fixture.js';
import { openModel } from '../../model/model.js';
import { notLinux } from '../kernels.js';

for (const release of [12, 14, 15] as const) {
  describe(`the host's calls, on a simulated FreeBSD ${release}`, () => {
    const model = openModel(release);
    const system: LocalFreeBSD = { kernel: model.kernel, bindings: model.freebsd.bindings };
    const { descriptors } = model.kernel.process;
    const calls = freebsdCalls(system);

    it('makes pipes that are blocking and close-on-exec', () => {
      const { read, write } = calls.createPipe();
      assert.notEqual(read, write);
      for (const fd of [read, write]) {
        assert.equal(descriptors.entry(fd).closeOnExec, true);
        assert.equal(runNow(system, (b) => statusFlags(b, fd)) & system.bindings.constants.O_NONBLOCK, 0);
      }
    });

    it('makes blocking what is not, and leaves its other flags', () => {
      const { O_NONBLOCK, O_APPEND } = system.bindings.constants;
      const { write } = calls.createPipe();
      const before = runNow(system, (b) => statusFlags(b, write)) | O_APPEND;
      runNow(system, (b) => setStatusFlags(b, write, before | O_NONBLOCK));
      for (const round of ['first', 'again']) {
        calls.makeBlocking(write);
        assert.equal(
          runNow(system, (b) => statusFlags(b, write)),
          before,
          round,
        );
      }
    });

    it('keeps descriptors from other programs', () => {
      const { read } = calls.createPipe();
      descriptors.entry(read).closeOnExec = false;
      calls.closeOnExec(read);
      assert.equal(descriptors.entry(read).closeOnExec, true);
    });

    it('tells what failed', () => {
      for (const call of ['makeBlocking', 'closeOnExec'] as const) {
        assert.throws(
          () => {
            calls[call](999);
          },
          { message: 'fcntl: descriptor 999: EBADF' },
        );
      }
    });
  });
}

// What poll(2) and flock(2) take, and their flags, is the same on both systems: Linux can answer for FreeBSD.
describe('calls of which the numbers are those of Linux', { skip: notLinux }, () => {
  const calls = freebsdCalls({ kernel, bindings: freebsd14Amd64 });

  it('tell whether a writer was there and is gone', (test) => {
    const path = makeFifo(join(folder(test), 'fifo'));
    const writer = openSync(path, 'r+');
    const reader = openSync(path, 'r');
    assert.equal(calls.hasHungUp(reader), false);
    closeSync(writer);
    assert.equal(calls.hasHungUp(reader), true);
    closeSync(reader);
  });

  it('lock a file, which shows', (test) => {
    const fd = openSync(join(folder(test), 'lock'), 'w');
    assert.equal(calls.tryLock(fd), true);
    assert.match(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'), /^lock:.*FLOCK +ADVISORY +WRITE/m);
    closeSync(fd);
  });
});

describe('failures that are answers', () => {
  const { errors } = freebsd14Amd64;
  /** A kernel that fails with these, one after the other, and then succeeds. */
  const failing = (...errnos: readonly number[]): LocalFreeBSD => {
    const left = [...errnos];
    const runSync = ({ arena }: Batch): Answer => {
      const errno = left.shift() ?? 0;
      const result: CallResult = { value: errno === 0 ? 0n : -1n, errno };
      return { arena, results: [result] };
    };
    return {
      bindings: freebsd14Amd64,
      kernel: {
        platform: 'freebsd',
        run: (batch) => Promise.resolve(runSync(batch)),
        runSync,
        close: () => undefined,
      },
    };
  };

  it('another has the lock', () => {
    assert.equal(freebsdCalls(failing(errors.EAGAIN)).tryLock(3), false);
    assert.throws(
      () => freebsdCalls(failing(errors.EBADF)).tryLock(3),
      (error) => isKernelError(error, 'EBADF'),
    );
  });

  it('a poll that was interrupted is made again', () => {
    assert.equal(freebsdCalls(failing(errors.EINTR, errors.EINTR)).hasHungUp(3), false);
    assert.throws(() => freebsdCalls(failing(errors.EINTR, errors.EBADF)).hasHungUp(3), {
      message: 'poll: descriptor 3: EBADF',
    });
  });
});
