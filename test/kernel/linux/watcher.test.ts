import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isKernelError } from '../../../src/kernel/error.js';
import { closeDescriptor } from '../../../src/kernel/linux/descriptor.js';
import {
  controlEpoll,
  createEpoll,
  createEventCounter,
  epollEvents,
  pollEpoll,
  waitEpoll,
} from '../../../src/kernel/linux/epoll.js';
import { createPipe } from '../../../src/kernel/linux/pipe.js';
import { Watcher } from '../../../src/kernel/linux/watcher.js';
import { openDescriptors } from '../descriptors.js';
import { engines, localKernels, notLinux } from '../kernels.js';

const one = new Uint8Array(new BigUint64Array([1n]).buffer);

for (const { engine, kernel } of localKernels()) {
  describe(`epoll with ${engine}`, { skip: notLinux }, () => {
    it('says which descriptors are ready', async () => {
      const before = openDescriptors();
      const epoll = createEpoll(kernel);
      const counter = createEventCounter(kernel);
      const { read, write } = createPipe(kernel);
      controlEpoll(kernel, epoll, 'add', counter, epollEvents.readable);
      controlEpoll(kernel, epoll, 'add', write, epollEvents.writable);
      assert.deepEqual(pollEpoll(kernel, epoll), [{ fd: write, events: epollEvents.writable }]);
      controlEpoll(kernel, epoll, 'modify', write, 0);
      assert.deepEqual(pollEpoll(kernel, epoll), []);
      writeSync(counter, one);
      assert.deepEqual(await waitEpoll(kernel, epoll, -1), [{ fd: counter, events: epollEvents.readable }]);
      closeDescriptor(kernel, read);
      assert.equal(pollEpoll(kernel, epoll, 1).length, 1);
      const both = pollEpoll(kernel, epoll).sort((left, right) => left.fd - right.fd);
      assert.deepEqual(
        both,
        [
          { fd: counter, events: epollEvents.readable },
          { fd: write, events: epollEvents.error },
        ].sort((left, right) => left.fd - right.fd),
      );
      controlEpoll(kernel, epoll, 'delete', counter);
      controlEpoll(kernel, epoll, 'delete', write);
      assert.deepEqual(pollEpoll(kernel, epoll), []);
      for (const fd of [epoll, counter, write]) closeDescriptor(kernel, fd);
      assert.deepEqual(openDescriptors(), before);
    });
  });

  describe(`Watcher with ${engine}`, { skip: notLinux }, () => {
    it('calls back, one round after another, until a descriptor is removed', async () => {
      const before = openDescriptors();
      const errors: unknown[] = [];
      const watcher = new Watcher(kernel, (error) => errors.push(error));
      const counter = createEventCounter(kernel);
      const other = createPipe(kernel);
      for (let round = 0; round < 3; round++) {
        const events = await new Promise((resolve) => {
          watcher.add(counter, epollEvents.readable, resolve);
          writeSync(counter, one);
        });
        assert.equal(events, epollEvents.readable);
        readSync(counter, new Uint8Array(8));
        watcher.remove(counter);
      }
      const hungUp = new Promise((resolve) => {
        watcher.add(other.read, epollEvents.readable, (events) => {
          watcher.remove(other.read);
          resolve(events);
        });
      });
      closeDescriptor(kernel, other.write);
      assert.equal(await hungUp, epollEvents.hangUp);
      await watcher.close();
      await watcher.close();
      for (const fd of [counter, other.read]) closeDescriptor(kernel, fd);
      assert.deepEqual(errors, []);
      assert.deepEqual(openDescriptors(), before);
      assert.throws(() => {
        watcher.add(0, 0, () => undefined);
      }, /watcher: closed/);
    });

    it('tells of callbacks that throw, and goes on', async () => {
      const errors: unknown[] = [];
      const watcher = new Watcher(kernel, (error) => errors.push(error));
      const counter = createEventCounter(kernel);
      let calls = 0;
      await new Promise<void>((resolve) => {
        watcher.add(counter, epollEvents.readable, () => {
          if (++calls === 1) throw new Error('first');
          watcher.remove(counter);
          resolve();
        });
        writeSync(counter, one);
      });
      assert.deepEqual(errors.map(String), ['Error: first']);
      await watcher.close();
      closeDescriptor(kernel, counter);
    });

    it('refuses what cannot be watched, and closes without ever having watched', async () => {
      const before = openDescriptors();
      const watcher = new Watcher(kernel, assert.ifError);
      const file = openSync('/etc/passwd', 'r');
      assert.throws(
        () => {
          watcher.add(file, epollEvents.readable, () => undefined);
        },
        (error) => isKernelError(error, 'EPERM'),
      );
      watcher.remove(file);
      closeSync(file);
      await watcher.close();
      assert.deepEqual(openDescriptors(), before);
    });
  });
}

for (const engine of engines) {
  it(`a watcher does not keep the process from exiting, with ${engine}`, { skip: notLinux }, async () => {
    const program = fileURLToPath(new URL('watcher-program.js', import.meta.url));
    const child = spawn(process.execPath, [program, engine], { stdio: 'inherit' });
    assert.deepEqual(await once(child, 'close'), [3, null]);
  });
}
