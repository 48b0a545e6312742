import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Arena } from '../../src/kernel/arena.js';
import { errnoNumber } from '../../src/kernel/errno.js';
import type { Kernel } from '../../src/kernel/kernel.js';

const openForReading = 0;
// AT_FDCWD of openat(2), on both platforms
const workingDirectory = -100;

/**
 * What every kernel of this host answers alike, whoever makes the calls.
 *
 * @param openKernel opens the kernel before the first test; `close` is called after the last
 */
export function kernelContract(
  name: string,
  openKernel: () => Kernel | Promise<Kernel>,
  skip: string | false,
): void {
  describe(`${name} keeps the contract`, { skip }, () => {
    let kernel: Kernel;
    let folder = '';
    before(async () => {
      kernel = await openKernel();
      folder = mkdtempSync(join(tmpdir(), 'contract-'));
    });
    after(() => {
      kernel.close();
      rmSync(folder, { recursive: true });
    });

    const errno = (code: string): number => errnoNumber(kernel.platform, code);
    const open = (path: number) => ({
      symbol: 'openat',
      args: [workingDirectory, { arena: path }, openForReading, 0],
    });

    it('opens, reads and closes a file, passing the descriptor on', async () => {
      const path = join(folder, 'file');
      writeFileSync(path, 'what the file says');
      const arena = new Arena();
      const buffer = arena.reserve(64);
      const answer = await kernel.run(
        arena.batch([
          open(arena.text(path, 'path')),
          { symbol: 'read', args: [{ result: 0 }, { arena: buffer }, 64] },
          { symbol: 'close', args: [{ result: 0 }] },
        ]),
      );
      assert.deepEqual(
        answer.results.slice(1),
        [18n, 0n].map((value) => ({ value, errno: 0 })),
      );
      assert.equal(Buffer.from(answer.arena).toString('utf8', buffer, buffer + 18), 'what the file says');
    });

    it('stops at the first failure, with its errno', async () => {
      const arena = new Arena();
      const missing = arena.text(join(folder, 'missing'), 'path');
      const answer = await kernel.run(arena.batch([open(missing), { symbol: 'getpid', args: [] }]));
      assert.deepEqual(answer.results, [{ value: -1n, errno: errno('ENOENT') }]);
    });

    it('goes on after a call that may fail, whose result is -1', async () => {
      const arena = new Arena();
      const missing = arena.text(join(folder, 'missing'), 'path');
      const answer = await kernel.run(
        arena.batch([
          { ...open(missing), mayFail: true },
          { symbol: 'close', args: [{ result: 0 }], mayFail: true },
          { symbol: 'getpid', args: [] },
        ]),
      );
      assert.deepEqual(
        answer.results.map((result) => result.errno),
        [errno('ENOENT'), errno('EBADF'), 0],
      );
    });

    it('writes pointers by fixups, also unaligned ones', async () => {
      const arena = new Arena();
      const ends = arena.reserve(8);
      const parts = arena.iovecs([arena.textSpan('one ', 'text'), null, arena.textSpan('two', 'text')]);
      const buffer = arena.reserve(9, 1);
      const odd = arena.reserve(17, 1) + 1;
      arena.pointTo(odd, buffer);
      arena.write(odd + 8, Uint8Array.of(9));
      const made = await kernel.run(arena.batch([{ symbol: 'pipe2', args: [{ arena: ends }, 0] }]));
      const [read = -1, write = -1] = new Int32Array(made.arena.slice(ends, ends + 8).buffer);
      const answer = await kernel.run(
        arena.batch([
          { symbol: 'writev', args: [write, { arena: parts }, 3] },
          { symbol: 'readv', args: [read, { arena: odd }, 1] },
          { symbol: 'close', args: [read] },
          { symbol: 'close', args: [write] },
        ]),
      );
      assert.deepEqual(
        answer.results.map(({ value }) => value),
        [9n, 9n, 0n, 0n],
      );
      assert.equal(Buffer.from(answer.arena).toString('utf8', buffer, buffer + 9), 'one \0two\0');
    });

    it('passes all 64 bits of an argument and of a wide result', async () => {
      const path = join(folder, 'sparse');
      writeFileSync(path, '');
      const arena = new Arena();
      const far = 0x1234_5678_9abn;
      const answer = await kernel.run(
        arena.batch([
          open(arena.text(path, 'path')),
          { symbol: 'lseek', args: [{ result: 0 }, far, 0] },
          { symbol: 'lseek', args: [{ result: 0 }, -2n, 1] },
          { symbol: 'lseek', args: [{ result: 0 }, 0xffff_ffff_ffff_fffen, 1] },
          { symbol: 'close', args: [{ result: 0 }] },
        ]),
      );
      assert.deepEqual(
        answer.results.slice(1, 4).map(({ value }) => value),
        [far, far - 2n, far - 4n],
      );
    });

    it('carries large and empty arenas, and batches without calls', async () => {
      const size = 3 * 1024 * 1024;
      const arena = Uint8Array.from({ length: size }, (_, index) => index % 251);
      const getpid = { symbol: 'getpid', args: [] };
      const large = await kernel.run({ arena, fixups: [], calls: [getpid] });
      assert.ok(Buffer.from(arena).equals(large.arena));
      const empty = await kernel.run({ arena: new Uint8Array(0), fixups: [], calls: [getpid] });
      assert.deepEqual(empty.results, large.results);
      assert.deepEqual(await kernel.run({ arena: Uint8Array.of(7), fixups: [], calls: [] }), {
        arena: Uint8Array.of(7),
        results: [],
      });
    });

    it('answers batches in the order they were given', async () => {
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) => {
          const arena = new Arena();
          const text = arena.text(String(index), 'text');
          return kernel.run(arena.batch([{ symbol: 'close', args: [-1], mayFail: true }])).then((answer) => ({
            text: Buffer.from(answer.arena).toString('utf8', text),
            errno: answer.results[0]?.errno,
          }));
        }),
      );
      assert.deepEqual(
        answers,
        answers.map((_, index) => ({ text: `${index}\0`, errno: errno('EBADF') })),
      );
    });

    it('refuses batches that break the rules, and unknown calls', async () => {
      const empty = { arena: new Uint8Array(8), fixups: [], calls: [] };
      await assert.rejects(kernel.run({ ...empty, fixups: [{ at: 1, to: 0 }] }), RangeError);
      await assert.rejects(
        kernel.run({ ...empty, calls: [{ symbol: 'system', args: [] }] }),
        /^RangeError: system:/,
      );
    });
  });
}
