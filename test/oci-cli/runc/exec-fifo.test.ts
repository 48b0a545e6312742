import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { openExecFifo } from '../../../src/oci-cli/runc/exec-fifo.js';

const root = mkdtempSync(join(tmpdir(), 'fifo-'));
after(() => {
  rmSync(root, { recursive: true });
});

let serial = 0;
function fifo(): string {
  serial += 1;
  const path = join(root, String(serial));
  execFileSync('mkfifo', [path]);
  return path;
}

const never = new Promise(() => undefined);
/** Opened for writing without waiting; there is a reader, as openExecFifo has opened it before it first waits. */
const openWriter = (path: string): number => openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);

suite('exec.fifo', () => {
  test('lets go a process that waits in open(2), and is removed', async () => {
    const path = fifo();
    const init = spawn('sh', ['-c', `printf 0 > ${path}; echo runs`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(init, 'exit');
    assert.equal(await openExecFifo(path, exited), true);
    await exited;
    assert.equal(existsSync(path), false);
  });

  test('is waited for until init has closed it, as execve does', async () => {
    const path = fifo();
    let answered = false;
    const opened = openExecFifo(path, never).then((done) => {
      answered = true;
      return done;
    });
    const writer = openWriter(path);
    writeSync(writer, '0');
    // Turns of the loop in which the byte is read: one more FIFO that has gone the whole way tells.
    const other = fifo();
    const another = openExecFifo(other, never);
    const second = openWriter(other);
    writeSync(second, '0');
    closeSync(second);
    assert.equal(await another, true);
    assert.equal(answered, false);
    closeSync(writer);
    assert.equal(await opened, true);
  });

  test('of an init that is gone without a byte is left to runc', async () => {
    const path = fifo();
    assert.equal(await openExecFifo(path, Promise.resolve()), false);
    assert.equal(existsSync(path), true);
  });

  test('of an init that ran and ended before anybody looked', async () => {
    const path = fifo();
    const { promise: exited, resolve } = withResolve();
    const opened = openExecFifo(path, exited);
    const writer = openWriter(path);
    writeSync(writer, '0');
    closeSync(writer);
    resolve();
    assert.equal(await opened, true);
  });

  test('that is closed without a byte is a failed start', async () => {
    const path = fifo();
    const opened = openExecFifo(path, never);
    closeSync(openWriter(path));
    await assert.rejects(opened, { kind: 'failed', message: /start failed: init ended before/ });
  });

  test('that is not there, or is no FIFO, is left to runc', async () => {
    const path = join(root, 'file');
    assert.equal(await openExecFifo(path, never), false);
    writeFileSync(path, '0');
    assert.equal(await openExecFifo(path, never), false);
  });
});

function withResolve(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
