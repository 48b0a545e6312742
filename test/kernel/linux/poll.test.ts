import assert from 'node:assert/strict';
import { closeSync } from 'node:fs';
import { suite, test } from 'node:test';
import type { LocalKernel } from '../../../src/kernel/kernel.js';
import { createPipe } from '../../../src/kernel/linux/pipe.js';
import { hasHungUp } from '../../../src/kernel/linux/poll.js';
import { localKernels, notLinux } from '../kernels.js';

for (const { engine, kernel } of localKernels()) {
  suite(`hang-up with ${engine}`, { skip: notLinux }, () => {
    test('is when the other side of a pipe is closed', () => {
      const { read, write } = createPipe(kernel);
      try {
        assert.equal(hasHungUp(kernel, read), false);
        closeSync(write);
        assert.equal(hasHungUp(kernel, read), true);
      } finally {
        closeSync(read);
      }
    });

    test('is answered also when signals interrupt the question', () => {
      const { read, write } = createPipe(kernel);
      closeSync(write);
      let interruptions = 3;
      const interrupted: LocalKernel = {
        ...kernel,
        platform: 'linux',
        runSync: (batch) => {
          if (interruptions === 0) return kernel.runSync(batch);
          interruptions--;
          return { arena: batch.arena, results: [{ value: -1n, errno: 4 }] };
        },
      };
      try {
        assert.equal(hasHungUp(interrupted, read), true);
        assert.equal(interruptions, 0);
      } finally {
        closeSync(read);
      }
    });

    test('is not what a number has that is no descriptor', () => {
      assert.equal(hasHungUp(kernel, 1023), false);
    });
  });
}
