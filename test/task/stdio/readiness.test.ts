import assert from 'node:assert/strict';
import { fstatSync, writeSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { createPipe } from '../../../src/kernel/linux/pipe.js';
import { Descriptor } from '../../../src/task/stdio/descriptor.js';
import { waitUntilReady } from '../../../src/task/stdio/readiness.js';
import { notLinux } from '../../kernel/kernels.js';
import { kernel } from './fixture.js';

const never = new Promise<never>(() => undefined);
const limits = { readyTimeoutMs: 2 ** 30, exitGraceMs: 2 ** 30 };

/** A readiness pipe: what the shim waits at, and the logger's end of it. */
function pipe(test: TestContext): { read: Descriptor; write: Descriptor } {
  const ends = createPipe(kernel);
  const [read, write] = [new Descriptor(ends.read), new Descriptor(ends.write)];
  test.after(() => {
    write.close();
  });
  return { read, write };
}

async function gone(fd: number): Promise<void> {
  // A socket closes its descriptor in the turn after it was destroyed.
  await new Promise((resolve) => setImmediate(resolve));
  assert.throws(() => fstatSync(fd), { code: 'EBADF' });
}

describe('a logger', { skip: notLinux }, () => {
  for (const strict of [false, true]) {
    const kind = strict ? 'strict' : 'lenient';

    it(`is ready (${kind}) when it writes a byte`, async (test) => {
      const { read, write } = pipe(test);
      const { fd } = read;
      writeSync(write.fd, '\0');
      await waitUntilReady(read, never, { strict, ...limits });
      await gone(fd);
      assert.ok(!process.getActiveResourcesInfo().includes('Timeout'));
    });

    it(`is not ready (${kind}) when it ends`, async (test) => {
      const { read } = pipe(test);
      const { fd } = read;
      const waiting = waitUntilReady(read, Promise.resolve('exited with status 1'), { strict, ...limits });
      await assert.rejects(waiting, { message: 'exited with status 1 before it was ready' });
      await gone(fd);
    });

    it(`is not ready (${kind}) when it closes the pipe as it ends`, async (test) => {
      const { read, write } = pipe(test);
      let end: (outcome: string) => void = () => undefined;
      const ended = new Promise<string>((resolve) => {
        end = resolve;
      });
      const waiting = waitUntilReady(read, ended, { strict, ...limits });
      write.close();
      // The exit is told after the pipe was seen to be closed.
      setImmediate(() => setImmediate(end, 'was killed by SIGSEGV'));
      await assert.rejects(waiting, { message: 'was killed by SIGSEGV before it was ready' });
    });

    it(`is not ready (${kind}) when it does nothing in time`, async (test) => {
      const { read } = pipe(test);
      const { fd } = read;
      test.mock.timers.enable({ apis: ['setTimeout'] });
      const waiting = waitUntilReady(read, never, { strict, readyTimeoutMs: 50, exitGraceMs: 1 });
      test.mock.timers.tick(50);
      await assert.rejects(waiting, { message: 'was not ready within 50 ms' });
      test.mock.timers.reset();
      await gone(fd);
    });
  }

  it('is ready (lenient) when it closes the pipe and lives on', async (test) => {
    const { read, write } = pipe(test);
    write.close();
    await waitUntilReady(read, never, { strict: false, readyTimeoutMs: 2 ** 30, exitGraceMs: 1 });
    assert.ok(!process.getActiveResourcesInfo().includes('Timeout'));
  });

  it('is not ready (strict) when it closes the pipe and lives on', async (test) => {
    const { read, write } = pipe(test);
    write.close();
    const waiting = waitUntilReady(read, never, { strict: true, readyTimeoutMs: 2 ** 30, exitGraceMs: 1 });
    await assert.rejects(waiting, { message: 'closed its readiness pipe without writing to it' });
  });
});
