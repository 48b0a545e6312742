import assert from 'node:assert/strict';
import { fstatSync } from 'node:fs';
import { describe, it } from 'node:test';
import { createPipe } from '../../../src/kernel/linux/pipe.js';
import { Descriptors } from '../../../src/task/stdio/descriptor.js';
import { openPipe } from '../../../src/task/stdio/pipe.js';
import { notLinux, notRootOnLinux } from '../../kernel/kernels.js';
import { kernel, raise } from './fixture.js';

const makePipe = () => createPipe(kernel);

describe('a pipe', { skip: notLinux }, () => {
  it('has both ends among what is owned', () => {
    const owned = new Descriptors();
    const { read, write } = openPipe(makePipe, owned);
    const fds = [read.fd, write.fd];
    owned.close(raise);
    for (const fd of fds) assert.throws(() => fstatSync(fd), { code: 'EBADF' });
  });

  it('belongs to the owner that is asked for, at both ends', { skip: notRootOnLinux }, () => {
    const owned = new Descriptors();
    const { read, write } = openPipe(makePipe, owned, { uid: 12, gid: 34 });
    for (const { fd } of [read, write]) {
      const { uid, gid } = fstatSync(fd);
      assert.deepEqual([uid, gid], [12, 34]);
    }
    owned.close(raise);
  });

  it('that cannot be given to its owner is owned all the same', () => {
    const owned = new Descriptors();
    const seen: number[] = [];
    const remembered = () => {
      const pipe = makePipe();
      seen.push(pipe.read, pipe.write);
      return pipe;
    };
    assert.throws(() => openPipe(remembered, owned, { uid: -5, gid: 0 }), /uid/);
    owned.close(raise);
    for (const fd of seen) assert.throws(() => fstatSync(fd), { code: 'EBADF' });
  });
});
