import assert from 'node:assert/strict';
import { closeSync, openSync, readSync } from 'node:fs';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { Arena } from '../../src/kernel/arena.js';
import type { LocalKernel } from '../../src/kernel/kernel.js';
import { setWindowSize, windowSize } from '../../src/kernel/linux/terminal.js';
import { openLocalKernel } from '../../src/kernel/local.js';
import { openPty, openTerminal } from './agent/pty.js';
import { openDescriptors } from './descriptors.js';
import { kernelContract } from './contract.js';
import { localKernels, notLinux } from './kernels.js';

for (const { engine, kernel } of localKernels()) {
  kernelContract(engine, () => openLocalKernel(engine), false);

  describe(`kernel of ${engine}`, () => {
    it('gives each call its own errno, and 0 to those that succeed', () => {
      const arena = new Arena();
      const name = arena.text('/', 'path');
      const answer = kernel.runSync(
        arena.batch([
          { symbol: 'open', args: [-1, 0, 0], mayFail: true },
          { symbol: 'close', args: [-1], mayFail: true },
          { symbol: 'getpid', args: [] },
          { symbol: 'read', args: [-1, 0, 0], mayFail: true },
          { symbol: 'open', args: [{ arena: name }, 1, 0], mayFail: true },
          { symbol: 'getppid', args: [] },
        ]),
      );
      const { EFAULT, EBADF, EISDIR } = constants.errno;
      assert.deepEqual(
        answer.results.map(({ errno }) => errno),
        [EFAULT, EBADF, 0, EBADF, EISDIR, 0],
      );
      assert.equal(answer.results[2]?.value, BigInt(process.pid));
      assert.equal(answer.results[5]?.value, BigInt(process.ppid));
    });

    it('passes six arguments', { skip: notLinux }, () => {
      // splice(2) from one pipe to another: in, offset, out, offset, length, flags
      const arena = new Arena();
      const pipes = arena.reserve(16);
      const text = arena.text('through the pipe', 'text');
      const made = kernel.runSync(
        arena.batch([
          { symbol: 'pipe2', args: [{ arena: pipes }, 0o2000000] },
          { symbol: 'pipe2', args: [{ arena: pipes + 8 }, 0o2000000] },
        ]),
      );
      const ends = new Int32Array(made.arena.slice(pipes, pipes + 16).buffer);
      try {
        const answer = kernel.runSync(
          arena.batch([
            { symbol: 'write', args: [ends[1] ?? -1, { arena: text }, 16] },
            { symbol: 'splice', args: [ends[0] ?? -1, 0, ends[3] ?? -1, 0, 7, 2] },
          ]),
        );
        assert.deepEqual(
          answer.results.map(({ value }) => value),
          [16n, 7n],
        );
        const read = Buffer.alloc(64);
        assert.equal(read.toString('utf8', 0, readSync(ends[2] ?? -1, read)), 'through');
      } finally {
        for (const end of ends) closeSync(end);
      }
    });

    it(
      'writes pointers by fixups: a message with a descriptor through a socket pair',
      { skip: notLinux },
      () => {
        passDescriptor(kernel);
      },
    );

    it('makes requests of a terminal: ioctl on a pty', { skip: notLinux }, () => {
      const before = openDescriptors();
      const { master, name } = openPty();
      const slave = openSync(name, openTerminal);
      try {
        setWindowSize(kernel, master, { rows: 24, columns: 80 });
        assert.deepEqual(windowSize(kernel, slave), { rows: 24, columns: 80 });
        assert.throws(() => windowSize(kernel, -1), /^KernelError: ioctl: terminal -1: EBADF$/);
      } finally {
        closeSync(slave);
        closeSync(master);
      }
      assert.deepEqual(openDescriptors(), before);
    });

    it('lends zeroed memory: nothing of an earlier batch shows', () => {
      const arena = new Arena();
      arena.bytes(new Uint8Array(4096).fill(0xee));
      kernel.runSync(arena.batch([]));
      const next = new Arena();
      next.reserve(4096);
      assert.ok(kernel.runSync(next.batch([])).arena.every((byte) => byte === 0));
    });

    it('runs on another thread, with that thread’s errno', async () => {
      const arena = new Arena();
      const ends = arena.reserve(8);
      const made = kernel.runSync(arena.batch([{ symbol: 'pipe2', args: [{ arena: ends }, 0o2000000] }]));
      const [read = -1, write = -1] = new Int32Array(made.arena.slice(ends, ends + 8).buffer);
      const buffer = new Arena();
      const at = buffer.reserve(8);
      const waiting = kernel.runBlocking(
        buffer.batch([
          { symbol: 'close', args: [-1], mayFail: true },
          { symbol: 'read', args: [read, { arena: at }, 8] },
          { symbol: 'open', args: [-1, 0, 0] },
        ]),
      );
      // This thread goes on, and makes calls that fail otherwise, while the other one waits.
      const empty = new Arena();
      const nothing = empty.text('/no/such/file', 'path');
      for (let index = 0; index < 100; index++) {
        const { results } = kernel.runSync(
          empty.batch([{ symbol: 'open', args: [{ arena: nothing }, 0, 0] }]),
        );
        assert.equal(results[0]?.errno, constants.errno.ENOENT);
      }
      const text = new Arena();
      const offset = text.text('late', 'text');
      kernel.runSync(text.batch([{ symbol: 'write', args: [write, { arena: offset }, 4] }]));
      const answer = await waiting;
      closeSync(read);
      closeSync(write);
      assert.deepEqual(
        answer.results.map(({ value, errno }) => [value, errno]),
        [
          [-1n, constants.errno.EBADF],
          [4n, 0],
          [-1n, constants.errno.EFAULT],
        ],
      );
      assert.equal(Buffer.from(answer.arena).toString('utf8', at, at + 4), 'late');
    });

    it('runs many batches at once, each in memory of its own', async () => {
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, index) => {
          const arena = new Arena();
          const text = arena.text(String(index), 'text');
          // readlink of a path that says its own number: ENOENT, and the arena comes back as it was
          const calls = [{ symbol: 'readlink', args: [{ arena: text }, { arena: text }, 1] }];
          return kernel.runBlocking(arena.batch(calls));
        }),
      );
      answers.forEach((answer, index) => {
        assert.equal(Buffer.from(answer.arena).toString(), `${index}\0`);
        assert.deepEqual(answer.results, [{ value: -1n, errno: constants.errno.ENOENT }]);
      });
    });

    it('refuses what is not a function of the list, and batches that break the rules', () => {
      const empty = { arena: new Uint8Array(8), fixups: [], calls: [] };
      const calls = [{ symbol: 'system', args: [0] }];
      assert.throws(() => kernel.runSync({ ...empty, calls }), /^RangeError: system: not in the list/);
      assert.throws(() => kernel.runSync({ ...empty, fixups: [{ at: 1, to: 0 }] }), RangeError);
    });

    it('is of this host', () => {
      assert.equal(kernel.platform, process.platform);
    });

    it('refuses batches once it is closed', () => {
      const closed = openLocalKernel(engine);
      closed.runSync({ arena: new Uint8Array(1), fixups: [], calls: [] });
      closed.close();
      const batch = { arena: new Uint8Array(0), fixups: [], calls: [] };
      assert.throws(() => closed.runSync(batch), /kernel: closed/);
    });
  });
}

// socketpair(2), sendmsg(2) and recvmsg(2) with SCM_RIGHTS, by struct msghdr of 64-bit Linux.
function passDescriptor(kernel: LocalKernel): void {
  const before = openDescriptors();
  const arena = new Arena();
  const pair = arena.reserve(8);
  const made = kernel.runSync(arena.batch([{ symbol: 'socketpair', args: [1, 1, 0, { arena: pair }] }]));
  const [left = -1, right = -1] = new Int32Array(made.arena.slice(pair, pair + 8).buffer);
  const [read, write] = pipe(kernel);

  const message = new Arena();
  const header = message.reserve(56);
  const control = message.array('u64', [20, 0, 0], 'control');
  message.write(control + 8, Buffer.from(Int32Array.of(1, 1, write).buffer));
  const data = message.reserve(8);
  message.write(data, Buffer.from('hello'));
  message.pointTo(header + 16, message.iovecs([{ offset: data, length: 5 }]));
  message.write(header + 24, Uint8Array.of(1));
  message.pointTo(header + 32, control);
  message.write(header + 40, Uint8Array.of(20));
  const sent = kernel.runSync(message.batch([{ symbol: 'sendmsg', args: [left, { arena: header }, 0] }]));
  assert.deepEqual(sent.results, [{ value: 5n, errno: 0 }]);
  const got = kernel.runSync(message.batch([{ symbol: 'recvmsg', args: [right, { arena: header }, 0] }]));
  assert.equal(got.results[0]?.value, 5n);
  const passed = new DataView(got.arena.buffer).getInt32(control + 16, true);
  const text = new Arena();
  const offset = text.text('x', 'text');
  kernel.runSync(text.batch([{ symbol: 'write', args: [passed, { arena: offset }, 1] }]));
  assert.equal(readSync(read, Buffer.alloc(1)), 1);
  for (const fd of [left, right, read, write, passed]) closeSync(fd);
  assert.deepEqual(openDescriptors(), before);
}

function pipe(kernel: LocalKernel): [number, number] {
  const arena = new Arena();
  const ends = arena.reserve(8);
  const made = kernel.runSync(arena.batch([{ symbol: 'pipe2', args: [{ arena: ends }, 0o2000000] }]));
  const [read = -1, write = -1] = new Int32Array(made.arena.slice(ends, ends + 8).buffer);
  return [read, write];
}
