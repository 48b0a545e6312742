import assert from 'node:assert/strict';
import { closeSync, constants, fstatSync } from 'node:fs';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { createPipe } from '../../../src/kernel/linux/pipe.js';
import { Descriptor, openDescriptor } from '../../../src/task/stdio/descriptor.js';
import { MasterSocket } from '../../../src/task/stdio/master.js';
import { openPty } from '../../e2e/harness/pty.js';
import { openDescriptors } from '../../kernel/descriptors.js';
import { notLinux } from '../../kernel/kernels.js';
import { kernel, raise, Reports } from './fixture.js';

const makePipe = () => createPipe(kernel);
const ignore = { buffer: Buffer.alloc(100), callback: () => true };

describe('the master of a terminal', { skip: notLinux }, () => {
  it('belongs to its socket, and is known until that is closed', async () => {
    const { master, slave } = openPty({ rows: 24, columns: 80 });
    const descriptor = new Descriptor(master);
    const socket = new MasterSocket(descriptor, ignore, makePipe, raise);
    assert.throws(() => descriptor.fd, /given away/);
    assert.equal(socket.master, master);
    socket.destroy();
    assert.equal(socket.master, undefined);
    await once(socket, 'close');
    assert.throws(() => fstatSync(master), { code: 'EBADF' });
    closeSync(slave);
  });

  it('is not taken when it is no such thing', () => {
    const before = openDescriptors();
    const closed = new Descriptor(2 ** 20);
    assert.throws(() => new MasterSocket(closed, ignore, makePipe, raise), { message: 'terminal: EBADF' });
    assert.deepEqual(openDescriptors(), before);
    assert.equal(closed.fd, 2 ** 20);
  });

  it('reports a failed write and lives on', async () => {
    const reports = new Reports();
    const { master, slave } = openPty({ rows: 24, columns: 80 });
    // Reading is all that this description allows.
    const readOnly = await openDescriptor(`/proc/self/fd/${slave}`, constants.O_RDONLY | constants.O_NOCTTY);
    const socket = new MasterSocket(readOnly, ignore, makePipe, reports.report);
    await new Promise<void>((resolve) => {
      socket.write('typed', () => {
        resolve();
      });
    });
    assert.deepEqual(reports.messages, ['write EPIPE']);
    assert.equal(socket.destroyed, false);
    socket.destroy();
    await once(socket, 'close');
    closeSync(slave);
    closeSync(master);
  });
});
