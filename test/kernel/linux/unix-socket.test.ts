import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Arena } from '../../../src/kernel/arena.js';
import { isKernelError } from '../../../src/kernel/error.js';
import type { LocalKernel } from '../../../src/kernel/kernel.js';
import { closeDescriptor } from '../../../src/kernel/linux/descriptor.js';
import {
  acceptConnection,
  listenAt,
  peerCredentials,
  receiveDescriptor,
} from '../../../src/kernel/linux/unix-socket.js';
import { openDescriptors } from '../descriptors.js';
import { localKernels, notLinux } from '../kernels.js';

for (const { engine, kernel } of localKernels()) {
  describe(`unix sockets with ${engine}`, { skip: notLinux }, () => {
    let folder = '';
    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'socket-'));
    });
    after(() => {
      rmSync(folder, { recursive: true });
    });

    it('accepts, tells who connected, and receives one descriptor', () => {
      const path = join(folder, 'console');
      const before = openDescriptors();
      const listener = listenAt(kernel, path);
      assert.equal(acceptConnection(kernel, listener), undefined);
      const client = connectTo(kernel, path);
      const connection = acceptConnection(kernel, listener);
      assert.ok(connection !== undefined);
      const { getuid, getgid, pid } = process;
      assert.deepEqual(peerCredentials(kernel, connection), { pid, uid: getuid?.(), gid: getgid?.() });

      assert.equal(receiveDescriptor(kernel, connection), undefined);
      const file = join(folder, 'passed');
      writeFileSync(file, 'contents');
      const opened = openSync(file, 'r');
      sendDescriptors(kernel, client, 'pts', [opened]);
      closeSync(opened);
      const got = receiveDescriptor(kernel, connection);
      assert.ok(got !== undefined);
      assert.equal(Buffer.from(got.data).toString(), 'pts');
      const contents = Buffer.alloc(16);
      assert.equal(contents.toString('utf8', 0, readSync(got.fd, contents)), 'contents');
      for (const fd of [got.fd, connection, listener, client]) closeDescriptor(kernel, fd);
      assert.deepEqual(openDescriptors(), before);
    });

    it('refuses two descriptors, none, and a closed connection, and leaves nothing open', () => {
      const path = join(folder, 'hostile');
      const listener = listenAt(kernel, path);
      const client = connectTo(kernel, path);
      const connection = acceptConnection(kernel, listener) ?? -1;
      const opened = openSync('/dev/null', 'r');
      const before = openDescriptors();
      sendDescriptors(kernel, client, 'x', [opened, opened]);
      assert.throws(() => receiveDescriptor(kernel, connection), /more than one descriptor/);
      sendDescriptors(kernel, client, 'x', []);
      assert.throws(() => receiveDescriptor(kernel, connection), /message without a descriptor/);
      assert.deepEqual(openDescriptors(), before);
      closeDescriptor(kernel, client);
      assert.throws(() => receiveDescriptor(kernel, connection), /closed by the peer/);
      for (const fd of [connection, listener, opened]) closeSync(fd);
    });

    it('refuses paths that do not fit, and leaves nothing open when binding fails', () => {
      const before = openDescriptors();
      assert.throws(() => listenAt(kernel, `/${'x'.repeat(107)}`), /socket path: 108 bytes, at most 107/);
      assert.throws(() => listenAt(kernel, '/a\0b'), /socket path: contains a NUL/);
      assert.throws(() => listenAt(kernel, '/no/such'), { message: 'bind: /no/such: ENOENT' });
      assert.throws(
        () => acceptConnection(kernel, -1),
        (error) => isKernelError(error, 'EBADF'),
      );
      assert.deepEqual(openDescriptors(), before);
    });

    it('serves Node’s own sockets', async () => {
      const path = join(folder, 'x'.repeat(107 - folder.length - 1));
      const listener = listenAt(kernel, path);
      const client: Socket = connect(path);
      await once(client, 'connect');
      const connection = acceptConnection(kernel, listener) ?? -1;
      closeSync(connection);
      await once(client, 'close');
      closeSync(listener);
    });
  });
}

// struct sockaddr_un and connect(2)
function connectTo(kernel: LocalKernel, path: string): number {
  const arena = new Arena();
  const address = arena.reserve(110);
  arena.write(address, Uint8Array.of(1, 0));
  arena.write(address + 2, Buffer.from(path));
  const { results } = kernel.runSync(
    arena.batch([
      { symbol: 'socket', args: [1, 0o2000001, 0] },
      { symbol: 'connect', args: [{ result: 0 }, { arena: address }, 110] },
    ]),
  );
  assert.equal(results[1]?.errno, 0);
  return Number(results[0]?.value);
}

// struct msghdr with struct cmsghdr, sendmsg(2)
function sendDescriptors(kernel: LocalKernel, socket: number, text: string, fds: number[]): void {
  const arena = new Arena();
  const header = arena.reserve(56);
  const controlLength = fds.length === 0 ? 0 : 16 + fds.length * 4;
  const control = arena.reserve(64);
  arena.write(control, Buffer.from(Int32Array.of(controlLength, 0, 1, 1, ...fds).buffer));
  const data = arena.bytes(Buffer.from(text));
  arena.pointTo(header + 16, arena.iovecs([{ offset: data, length: text.length }]));
  arena.write(header + 24, Uint8Array.of(1));
  arena.pointTo(header + 32, control);
  arena.write(header + 40, Uint8Array.of(controlLength));
  const { results } = kernel.runSync(
    arena.batch([{ symbol: 'sendmsg', args: [socket, { arena: header }, 0] }]),
  );
  assert.equal(results[0]?.errno, 0);
}
