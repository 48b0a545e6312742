import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { describe, it } from 'node:test';
import { isKernelError } from '../../../src/kernel/error.js';
import {
  closeDescriptor,
  pipeSize,
  setNonBlocking,
  setPipeSize,
  statusFlags,
} from '../../../src/kernel/linux/descriptor.js';
import { addSeals, createMemoryFile, seals } from '../../../src/kernel/linux/memfd.js';
import { adviseMemory, memoryAdvice } from '../../../src/kernel/linux/memory.js';
import { createPipe } from '../../../src/kernel/linux/pipe.js';
import { isTerminal, setWindowSize, windowSize } from '../../../src/kernel/linux/terminal.js';
import { openDescriptors } from '../descriptors.js';
import { localKernels, notLinux } from '../kernels.js';

const nonBlocking = 0o4000;

for (const { engine, kernel } of localKernels()) {
  describe(`descriptors with ${engine}`, { skip: notLinux }, () => {
    it('changes a pipe’s flags and size', () => {
      const before = openDescriptors();
      const { read, write } = createPipe(kernel);
      setNonBlocking(kernel, read, true);
      assert.equal(statusFlags(kernel, read) & nonBlocking, nonBlocking);
      assert.equal(statusFlags(kernel, write) & nonBlocking, 0);
      setNonBlocking(kernel, read, false);
      assert.equal(statusFlags(kernel, read) & nonBlocking, 0);
      assert.equal(setPipeSize(kernel, write, 100_000), 131_072);
      assert.equal(pipeSize(kernel, read), 131_072);
      closeDescriptor(kernel, read);
      closeDescriptor(kernel, write);
      assert.deepEqual(openDescriptors(), before);
      assert.throws(
        () => {
          closeDescriptor(kernel, write);
        },
        { message: `close: descriptor ${write}: EBADF` },
      );
    });

    it('makes a memory file that can be sealed', () => {
      const fd = createMemoryFile(kernel, 'rules');
      try {
        writeSync(fd, 'written');
        assert.equal(readFileSync(`/proc/self/fd/${fd}`, 'utf8'), 'written');
        addSeals(kernel, fd, seals.write | seals.grow | seals.shrink | seals.seal);
        assert.throws(() => writeSync(fd, 'more'), { code: 'EPERM' });
        assert.throws(
          () => {
            addSeals(kernel, fd, seals.write);
          },
          (error) => isKernelError(error, 'EPERM'),
        );
      } finally {
        closeSync(fd);
      }
      assert.throws(
        () => createMemoryFile(kernel, 'x'.repeat(250)),
        /name of memory file: 250 bytes, at most 249/,
      );
    });

    it('sets a terminal’s size and knows terminals', () => {
      const master = openSync('/dev/ptmx', 'r+');
      try {
        assert.equal(isTerminal(kernel, master), true);
        setWindowSize(kernel, master, { rows: 24, columns: 80 });
        assert.deepEqual(windowSize(kernel, master), { rows: 24, columns: 80 });
        const tooWide = { rows: 1, columns: 65_536 };
        assert.throws(() => {
          setWindowSize(kernel, master, tooWide);
        }, /^RangeError: window size.*65536/);
      } finally {
        closeSync(master);
      }
      const file = openSync('/dev/null', 'r');
      assert.equal(isTerminal(kernel, file), false);
      assert.throws(
        () => windowSize(kernel, file),
        (error) => isKernelError(error, 'ENOTTY'),
      );
      closeSync(file);
      assert.throws(
        () => isTerminal(kernel, file),
        (error) => isKernelError(error, 'EBADF'),
      );
    });

    it('advises the kernel on memory', () => {
      const heap = /^([0-9a-f]+)-([0-9a-f]+) .*\[heap\]$/m.exec(readFileSync('/proc/self/maps', 'utf8'));
      assert.ok(heap !== null);
      const [from, to] = [BigInt(`0x${heap[1] ?? ''}`), BigInt(`0x${heap[2] ?? ''}`)];
      adviseMemory(kernel, from, to - from, memoryAdvice.cold);
      assert.throws(
        () => {
          adviseMemory(kernel, 1n, 1n, memoryAdvice.cold);
        },
        { message: 'madvise: memory 0x1: EINVAL' },
      );
    });
  });
}
