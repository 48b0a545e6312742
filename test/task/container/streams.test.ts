import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openDescriptors } from '../../kernel/descriptors.js';
import { processOf, type Shim, startShim } from '../shim.js';
import { Reader, Writer } from '../stdio/client.js';
import { makeFifo } from '../stdio/fixture.js';
import { box, exec, kill, limits, methods, running, takenUp } from './calls.js';

describe('the streams', limits, () => {
  const fifos = (shim: Shim) => ({
    stdin: makeFifo(join(shim.folder, 'stdin')),
    stdout: makeFifo(join(shim.folder, 'stdout')),
  });
  const closeIO = (shim: Shim, more: object) => shim.call(methods.CloseIO, { ...box, stdin: true, ...more });

  it('of init end with CloseIO, and only when it asks for that', async (test) => {
    const shim = await startShim(test);
    const paths = fifos(shim);
    const reader = new Reader(test, paths.stdout);
    await shim.create('cat; echo end', paths);
    await shim.start();
    await closeIO(shim, { stdin: false });
    for (const text of ['one\n', 'two\n']) {
      const writer = new Writer(test, paths.stdin);
      await writer.write(text);
      await writer.leave();
      await reader.until(text);
    }
    await closeIO(shim, {});
    await closeIO(shim, {});
    assert.equal((await reader.toEnd()).toString(), 'one\ntwo\nend\n');
    assert.equal(await shim.wait(), 0);
  });

  it('of an exec may be ended before it is started', async (test) => {
    const shim = await running(test);
    const paths = fifos(shim);
    const reader = new Reader(test, paths.stdout);
    await shim.exec('sh', 'cat; echo end', paths);
    await closeIO(shim, { execId: 'sh' });
    await shim.start('sh');
    assert.equal((await reader.toEnd()).toString(), 'end\n');
    assert.equal(await shim.wait('sh'), 0);
  });

  it('are let go by Delete, of an exec and of the container', async (test) => {
    const shim = await startShim(test);
    const [init, sh] = ['init', 'sh'].map((name) => {
      const path = join(shim.folder, name);
      mkdirSync(path);
      return { stdin: makeFifo(join(path, 'stdin')), stdout: makeFifo(join(path, 'stdout')) };
    });
    await shim.create('exec sleep 1000', init);
    await shim.start();
    await shim.exec('sh', 'true', sh);
    await shim.start('sh');
    await shim.wait('sh');
    const isOpen = (path = '') => openDescriptors().some((line) => line.endsWith(` ${path}`));
    assert.deepEqual([sh?.stdin, init?.stdin].map(isOpen), [true, true]);
    await shim.call(methods.Delete, exec);
    assert.deepEqual([sh?.stdin, sh?.stdout, init?.stdin, init?.stdout].map(isOpen), [
      false,
      false,
      true,
      true,
    ]);
    await kill(shim);
    await shim.wait();
    await shim.call(methods.Delete, box);
    assert.deepEqual([init?.stdin, init?.stdout].map(isOpen), [false, false]);
  });

  it('of an exec are waited for by Delete, until the client has read all', async (test) => {
    const shim = await running(test);
    const { stdout } = fifos(shim);
    // More than the client's FIFO holds, less than it and the exec's pipe do, however it is read: the program can end.
    await shim.exec('sh', 'head -c 100000 /dev/zero', { stdout });
    await shim.start('sh');
    assert.equal(await shim.wait('sh'), 0);
    let answered = false;
    const deleting = shim.call(methods.Delete, exec).then(() => {
      answered = true;
    });
    await takenUp(shim);
    assert.equal(answered, false);
    assert.equal((await new Reader(test, stdout).toEnd()).length, 100_000);
    await deleting;
  });

  it('of an exec are let go with its container', async (test) => {
    const shim = await running(test);
    const paths = fifos(shim);
    await shim.exec('sh', 'true', paths);
    await shim.start('sh');
    await kill(shim);
    await shim.wait();
    await shim.call(methods.Delete, box);
    assert.equal(openDescriptors().filter((line) => line.includes(paths.stdin)).length, 0);
  });

  it('of an exec that cannot be started are let go at once', async (test) => {
    const shim = await running(test);
    const paths = fifos(shim);
    const reader = new Reader(test, paths.stdout);
    await shim.exec('sh', '', { ...paths, spec: processOf('/none') });
    await assert.rejects(shim.start('sh'), { code: 2, message: /executable file not found/ });
    assert.equal((await reader.toEnd()).length, 0);
    assert.equal(openDescriptors().filter((line) => line.includes(paths.stdin)).length, 0);
  });

  it('that cannot be opened fail Start of an exec, and nobody waits for ever', async (test) => {
    const shim = await running(test);
    await shim.exec('sh', 'true', { stdout: '/none/stdout' });
    const waiting = shim.wait('sh');
    await assert.rejects(shim.start('sh'), { code: 2, message: /^stdout: "\/none\/stdout": ENOENT/ });
    assert.equal(await waiting, 255);
  });

  it('of a terminal have the size that was asked for before Start', async (test) => {
    const shim = await startShim(test);
    const paths = { stdout: makeFifo(join(shim.folder, 'stdout')), terminal: true };
    const reader = new Reader(test, paths.stdout);
    await shim.create('stty size', paths);
    await shim.call(methods.ResizePty, { ...box, width: 123, height: 45 });
    await shim.start();
    assert.equal((await reader.toEnd()).toString(), '45 123\r\n');
  });

  it('of a terminal of an exec have the size that was asked for before Start', async (test) => {
    const shim = await running(test);
    const paths = { stdout: makeFifo(join(shim.folder, 'stdout')), terminal: true };
    const reader = new Reader(test, paths.stdout);
    const held = shim.runtime.gates.hold('execed');
    const gate = makeFifo(join(shim.folder, 'gate'));
    await shim.exec('sh', `read go < ${gate}; stty size`, paths);
    await shim.call(methods.ResizePty, { ...exec, width: 123, height: 45 });
    const starting = shim.start('sh');
    await held.reached;
    held.release();
    await starting;
    writeFileSync(gate, 'go\n');
    assert.equal((await reader.toEnd()).toString(), '45 123\r\n');
  });

  it('of a terminal can be resized while it runs', async (test) => {
    const shim = await startShim(test);
    const stdout = makeFifo(join(shim.folder, 'stdout'));
    const stdin = makeFifo(join(shim.folder, 'stdin'));
    const reader = new Reader(test, stdout);
    await shim.create('stty -echo; echo ready; read go; stty size', { stdin, stdout, terminal: true });
    await shim.start();
    await reader.until('ready');
    await shim.call(methods.ResizePty, { ...box, width: 65535, height: 1 });
    await new Writer(test, stdin).write('go\n');
    await reader.until('1 65535');
    assert.equal((await shim.call(methods.State, box)).terminal, true);
  });
});
