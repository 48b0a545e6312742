import assert from 'node:assert/strict';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Descriptors } from '../../../src/task/stdio/descriptor.js';
import { openOutput } from '../../../src/task/stdio/output.js';
import { openDescriptors } from '../../kernel/descriptors.js';
import { notLinux } from '../../kernel/kernels.js';
import { folder, makeFifo, options, raise } from './fixture.js';

const { fifo: calls } = options();

describe('an output', { skip: notLinux }, () => {
  it('is what lies at the path, a link followed, or the log file that it names', async (test) => {
    const path = folder(test);
    const fifo = makeFifo(join(path, 'fifo'));
    const file = join(path, 'file');
    writeFileSync(file, '');
    symlinkSync(fifo, join(path, 'link'));
    for (const [kind, target, expected] of [
      ['path', fifo, 'fifo'],
      ['path', file, 'file'],
      ['path', join(path, 'link'), 'fifo'],
      ['file', file, 'file'],
      ['file', join(path, 'new'), 'file'],
    ] as const) {
      const owned = new Descriptors();
      const before = openDescriptors();
      const output = await openOutput({ kind, path: target }, 'copier', calls, owned);
      assert.equal(output.kind, expected);
      owned.close(raise);
      assert.deepEqual(openDescriptors(), before, 'all of it was owned');
    }
  });

  it('that is neither is not opened', async () => {
    for (const path of ['/dev/tty', '/']) {
      await assert.rejects(openOutput({ kind: 'path', path }, 'copier', calls, new Descriptors()), {
        message: `"${path}" is neither a FIFO nor a regular file`,
      });
    }
  });
});
