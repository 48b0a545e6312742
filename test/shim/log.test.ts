import assert from 'node:assert/strict';
import { closeSync, constants, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { bundleDestination, createLogger, fileDestination } from '../../src/shim/log.js';
import { openDescriptors } from '../kernel/descriptors.js';
import { notLinux } from '../kernel/kernels.js';
import { folder, makeFifo } from '../task/stdio/fixture.js';

/** A bundle whose log is read when it is asked for, as containerd opens it: for both directions, so that it is never at its end. */
function bundle(test: TestContext): { path: string; read: () => string; leave: () => void } {
  const path = folder(test);
  const { O_RDWR, O_NONBLOCK } = constants;
  const reader = openSync(makeFifo(join(path, 'log')), O_RDWR | O_NONBLOCK);
  let open = true;
  const leave = (): void => {
    if (open) closeSync(reader);
    open = false;
  };
  test.after(leave);
  return {
    path,
    leave,
    read: () => {
      const chunks: Buffer[] = [];
      for (;;) {
        const chunk = Buffer.alloc(65536);
        try {
          chunks.push(chunk.subarray(0, readSync(reader, chunk)));
        } catch (error) {
          assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
          return Buffer.concat(chunks).toString();
        }
      }
    },
  };
}

const lost = (count: number): string => `containerd-shim-jail: ${count} log lines were lost here\n`;

describe('a log in a file', { skip: notLinux }, () => {
  it('is appended to', (test) => {
    const path = join(folder(test), 'log');
    writeFileSync(path, 'before\n');
    const destination = fileDestination(path);
    destination.write('one\n');
    destination.follow('/bundle');
    destination.write('two\n');
    destination.close();
    assert.equal(readFileSync(path, 'utf8'), 'before\none\ntwo\n');
    assert.ok(!openDescriptors().some((line) => line.endsWith(path)));
  });

  it('must be openable', (test) => {
    assert.throws(() => fileDestination(join(folder(test), 'none', 'log')), { code: 'ENOENT' });
  });

  it('on a full disk loses lines, and nothing else', () => {
    const destination = fileDestination('/dev/full');
    destination.write('one\n');
    createLogger(destination, 'info').info('two');
    destination.close();
  });
});

describe('a log in a bundle', { skip: notLinux }, () => {
  it('goes to the newest bundle, one at a time', (test) => {
    const [one, two] = [bundle(test), bundle(test)];
    const destination = bundleDestination();
    destination.follow(one.path);
    destination.write('one\n');
    destination.follow(one.path);
    destination.write('one more\n');
    destination.follow(two.path);
    destination.write('two\n');
    assert.deepEqual([one.read(), two.read()], ['one\none more\n', 'two\n']);
    // The reader of each, and a writer of the second.
    assert.equal(openDescriptors().filter((line) => line.endsWith('/log')).length, 3);
    destination.close();
    assert.equal(openDescriptors().filter((line) => line.endsWith('/log')).length, 2);
  });

  it('tells how many lines came before there was a bundle', (test) => {
    const { path, read } = bundle(test);
    const destination = bundleDestination();
    destination.write('early\n');
    destination.write('early\n');
    destination.follow(path);
    destination.write('one\n');
    destination.write('two\n');
    assert.equal(read(), `${lost(2)}one\ntwo\n`);
    destination.close();
  });

  it('is lost while containerd is away or the bundle is gone, and goes on afterwards', (test) => {
    const first = bundle(test);
    const destination = bundleDestination();
    destination.follow(first.path);
    destination.write('one\n');
    first.leave();
    destination.write('nobody reads\n');
    destination.write('nobody reads\n');
    rmSync(join(first.path, 'log'));
    destination.write('no FIFO\n');
    const second = bundle(test);
    destination.follow(second.path);
    destination.write('two\n');
    assert.equal(second.read(), `${lost(3)}two\n`);
    destination.close();
  });

  it('of the same bundle goes on when containerd has opened it again', (test) => {
    const first = bundle(test);
    const destination = bundleDestination();
    destination.follow(first.path);
    destination.write('one\n');
    first.leave();
    destination.write('nobody reads\n');
    const again = openSync(join(first.path, 'log'), constants.O_RDWR | constants.O_NONBLOCK);
    destination.write('two\n');
    const buffer = Buffer.alloc(1000);
    assert.equal(buffer.toString('utf8', 0, readSync(again, buffer)), `${lost(1)}two\n`);
    closeSync(again);
    destination.close();
  });

  it('is never waited for, and no line runs into another', (test) => {
    const { path, read } = bundle(test);
    const destination = bundleDestination();
    destination.follow(path);
    const line = `${'x'.repeat(9999)}\n`;
    for (let count = 0; count < 20; count += 1) destination.write(line);
    const before = read();
    assert.ok(before.startsWith(line.repeat(6)));
    destination.write('after\n');
    const lines = (before + read()).split('\n');
    const torn = lines.filter((one) => /^x+$/.test(one) && one.length < 9999);
    assert.ok(torn.length <= 1);
    assert.deepEqual(lines.slice(-3), [lost(20 - 6).trim(), 'after', '']);
    destination.close();
  });
});

describe('the logger', () => {
  it('writes JSON lines of its level and above, without pid and host', () => {
    const lines: Record<string, unknown>[] = [];
    const destination = {
      write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>),
      follow: () => undefined,
      close: () => undefined,
    };
    const log = createLogger(destination, 'warn');
    log.info('not seen');
    log.warn({ container: 'box' }, 'seen');
    assert.equal(lines.length, 1);
    const { time, ...rest } = lines[0] ?? {};
    assert.deepEqual(rest, { level: 40, program: 'containerd-shim-jail', container: 'box', msg: 'seen' });
    assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });
});
