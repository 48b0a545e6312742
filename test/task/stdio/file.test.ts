import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { openForAppend, openLogFile } from '../../../src/task/stdio/file.js';
import { openDescriptors } from '../../kernel/descriptors.js';
import { notLinux } from '../../kernel/kernels.js';
import { folder, makeFifo } from './fixture.js';

describe('a log file', { skip: notLinux }, () => {
  it('and its folders are made, for their owner to write and all to read', async (test) => {
    const mask = process.umask(0);
    test.after(() => process.umask(mask));
    const path = join(folder(test), 'a', 'b', 'log');
    const file = await openLogFile(path);
    writeSync(file.fd, 'one\n');
    file.close();
    assert.equal(statSync(path).mode & 0o777, 0o644);
    assert.equal(statSync(dirname(path)).mode & 0o777, 0o755);
    assert.equal(statSync(dirname(dirname(path))).mode & 0o777, 0o755);
    const again = await openLogFile(path);
    writeSync(again.fd, 'two\n');
    again.close();
    assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\n');
  });

  it('is appended to by all who have it open', async (test) => {
    const path = join(folder(test), 'log');
    writeFileSync(path, 'before\n');
    const [one, two] = await Promise.all([openForAppend(path), openForAppend(path)]);
    writeSync(one.fd, 'one\n');
    writeSync(two.fd, 'two\n');
    writeSync(one.fd, 'three\n');
    one.close();
    two.close();
    assert.equal(readFileSync(path, 'utf8'), 'before\none\ntwo\nthree\n');
  });

  it('is not made by who only appends', async (test) => {
    const path = join(folder(test), 'none');
    await assert.rejects(openForAppend(path), {
      message: `file "${path}": ENOENT: no such file or directory`,
    });
  });

  it('is not tried for ever where no folder can be made', async () => {
    await assert.rejects(openLogFile('/proc/logs/box/log'), {
      message: 'log directory "/proc/logs/box": ENOENT: no such file or directory',
    });
  });

  it('is nothing but a regular file, and what it is not is not waited for', async (test) => {
    const path = folder(test);
    const fifo = makeFifo(join(path, 'fifo'));
    const before = openDescriptors();
    for (const open of [openForAppend, openLogFile]) {
      await assert.rejects(open(fifo), /ENXIO/);
      await assert.rejects(open('/dev/null'), { message: '"/dev/null" is not a regular file' });
      await assert.rejects(open(path), /EISDIR/);
    }
    assert.deepEqual(openDescriptors(), before);
  });
});
