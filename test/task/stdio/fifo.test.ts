import assert from 'node:assert/strict';
import { renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { statusFlags } from '../../../src/kernel/linux/descriptor.js';
import { Descriptors } from '../../../src/task/stdio/descriptor.js';
import { openInputFifo, openOutputFifo, openProcessInput } from '../../../src/task/stdio/fifo.js';
import { openDescriptors } from '../../kernel/descriptors.js';
import { notLinux } from '../../kernel/kernels.js';
import { hasReader, Writer } from './client.js';
import { folder, kernel, makeFifo, options, raise } from './fixture.js';

const { fifo: calls } = options();

/** Descriptors that are closed at the end of the test. */
function descriptors(test: TestContext): Descriptors {
  const owned = new Descriptors();
  test.after(() => {
    owned.close(raise);
  });
  return owned;
}

/** How often the file is open in this process. */
const openings = (path: string): number =>
  openDescriptors().filter((line) => line.endsWith(` ${path}`)).length;

const isBlocking = (fd: number): boolean => (statusFlags(kernel, fd) & 0o4000) === 0;

describe('a FIFO', { skip: notLinux }, () => {
  it('for output is opened without a reader, at both ends', async (test) => {
    const path = makeFifo(join(folder(test), 'fifo'));
    for (const user of ['process', 'copier'] as const) {
      const owned = new Descriptors();
      const { writer, keeper } = await openOutputFifo(path, user, calls, owned);
      assert.equal(isBlocking(writer.fd), user === 'process');
      assert.equal(isBlocking(keeper.fd), false);
      assert.equal(hasReader(path), true);
      assert.equal(openings(path), 2);
      owned.close(raise);
      assert.equal(openings(path), 0);
    }
  });

  it('for a terminal’s input is opened without a writer, at both ends', async (test) => {
    const path = makeFifo(join(folder(test), 'fifo'));
    const { reader, keeper } = await openInputFifo(path, descriptors(test));
    assert.deepEqual(
      [reader, keeper].map(({ fd }) => isBlocking(fd)),
      [false, false],
    );
    assert.equal(openings(path), 2);
  });

  it('may be reached by a symbolic link', async (test) => {
    const path = makeFifo(join(folder(test), 'fifo'));
    symlinkSync(path, `${path}-link`);
    await openOutputFifo(`${path}-link`, 'copier', calls, descriptors(test));
    assert.equal(openings(path), 2);
  });
});

describe('the FIFO of a process’s input', { skip: notLinux }, () => {
  it('is kept open by a writer from keep() until end()', async (test) => {
    const path = makeFifo(join(folder(test), 'fifo'));
    const input = await openProcessInput(path, calls, descriptors(test));
    assert.equal(isBlocking(input.reader.fd), true);
    assert.equal(openings(path), 1);
    await input.keep();
    assert.equal(openings(path), 1, 'the writer, and no reader of ours');
    assert.equal(hasReader(path), false);
    input.end();
    input.end();
    assert.equal(openings(path), 0);
  });

  it('is not kept open when it was ended before, or is while it is opened', async (test) => {
    const path = makeFifo(join(folder(test), 'fifo'));
    const before = await openProcessInput(path, calls, descriptors(test));
    before.end();
    await before.keep();
    const meanwhile = await openProcessInput(path, calls, descriptors(test));
    const keeping = meanwhile.keep();
    meanwhile.end();
    await keeping;
    assert.equal(openings(path), 0);
  });

  it('is not kept open when its client has come and gone', async (test) => {
    const path = makeFifo(join(folder(test), 'fifo'));
    const input = await openProcessInput(path, calls, descriptors(test));
    const writer = new Writer(test, path);
    await writer.write('all');
    await writer.leave();
    await input.keep();
    assert.equal(openings(path), 0);
  });

  it('that is another one, or none, by the time it is kept is an error', async (test) => {
    const path = makeFifo(join(folder(test), 'fifo'));
    const owned = descriptors(test);
    const replaced = await openProcessInput(path, calls, owned);
    renameSync(makeFifo(`${path}-2`), path);
    // Somebody reads the new one, else opening it fails for that.
    await openInputFifo(path, owned);
    await assert.rejects(replaced.keep(), { message: `FIFO "${path}" was replaced while it was opened` });
    const removed = await openProcessInput(path, calls, owned);
    rmSync(path);
    await assert.rejects(removed.keep(), { message: `FIFO "${path}": ENOENT: no such file or directory` });
  });
});
