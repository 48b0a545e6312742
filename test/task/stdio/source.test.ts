import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, constants, fstatSync, writeSync } from 'node:fs';
import { describe, it } from 'node:test';
import { createPipe } from '../../../src/kernel/linux/pipe.js';
import { Descriptor, openDescriptor } from '../../../src/task/stdio/descriptor.js';
import { pipeSource } from '../../../src/task/stdio/source.js';
import { notLinux } from '../../kernel/kernels.js';
import { kernel } from './fixture.js';

describe('a source', { skip: notLinux }, () => {
  it('reads into the buffer that it is given, and owns the descriptor', async () => {
    const pipe = createPipe(kernel);
    const reader = new Descriptor(pipe.read);
    const buffer = Buffer.alloc(3);
    const parts: string[] = [];
    const source = pipeSource(reader, {
      buffer,
      callback: (length) => {
        parts.push(buffer.toString('utf8', 0, length));
        return true;
      },
    });
    assert.throws(() => reader.fd, /given away/);
    writeSync(pipe.write, 'abcdef');
    closeSync(pipe.write);
    await once(source, 'end');
    assert.deepEqual(parts, ['abc', 'def']);
    source.destroy();
    await once(source, 'close');
    assert.throws(() => fstatSync(pipe.read), { code: 'EBADF' });
  });

  it('that cannot be one leaves the descriptor to its owner', async () => {
    const file = await openDescriptor('/etc/passwd', constants.O_RDONLY);
    assert.throws(() => pipeSource(file, { buffer: Buffer.alloc(1), callback: () => true }));
    assert.ok(fstatSync(file.fd).isFile());
    file.close();
  });
});
