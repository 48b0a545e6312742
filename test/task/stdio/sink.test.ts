import assert from 'node:assert/strict';
import { closeSync, constants, fstatSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createPipe } from '../../../src/kernel/linux/pipe.js';
import { Descriptor, openDescriptor } from '../../../src/task/stdio/descriptor.js';
import { fileSink, pipeSink, type Sink } from '../../../src/task/stdio/sink.js';
import { notLinux } from '../../kernel/kernels.js';
import { folder, kernel, Reports } from './fixture.js';

const write = (sink: Sink, text: string) =>
  new Promise<void>((resolve) => {
    sink.write(Buffer.from(text), resolve);
  });

describe('a sink', { skip: notLinux }, () => {
  it('into a pipe hands on, owns the descriptor, and closes it', async () => {
    const reports = new Reports();
    const pipe = createPipe(kernel);
    const writer = new Descriptor(pipe.write);
    const sink = pipeSink(writer, reports.report);
    assert.throws(() => writer.fd, /given away/);
    await write(sink, 'text');
    const buffer = Buffer.alloc(10);
    assert.equal(buffer.toString('utf8', 0, readSync(pipe.read, buffer)), 'text');
    await Promise.all([sink.close(), sink.close()]);
    assert.throws(() => fstatSync(pipe.write), { code: 'EBADF' });
    await write(sink, 'thrown away');
    assert.equal(readSync(pipe.read, buffer), 0);
    assert.deepEqual(reports.messages, []);
    closeSync(pipe.read);
  });

  it('into a pipe that nobody reads reports it once, and throws the rest away', async () => {
    const reports = new Reports();
    const pipe = createPipe(kernel);
    const sink = pipeSink(new Descriptor(pipe.write), reports.report);
    closeSync(pipe.read);
    for (const text of ['one', 'two', 'three']) await write(sink, text);
    await sink.close();
    assert.deepEqual(reports.messages, ['write EPIPE']);
  });

  it('into a full pipe is closed at once, with what waits', async () => {
    const reports = new Reports();
    const pipe = createPipe(kernel);
    const sink = pipeSink(new Descriptor(pipe.write), reports.report);
    let handedOn = false;
    sink.write(Buffer.alloc(2 ** 20), () => {
      handedOn = true;
    });
    await sink.close();
    assert.throws(() => fstatSync(pipe.write), { code: 'EBADF' });
    assert.equal(handedOn, true, 'whoever waits for it goes on');
    assert.deepEqual(reports.messages, []);
    closeSync(pipe.read);
  });

  it('into a file hands on in order', async (test) => {
    const reports = new Reports();
    const path = join(folder(test), 'log');
    const { O_WRONLY, O_CREAT, O_APPEND } = constants;
    const file = await openDescriptor(path, O_WRONLY | O_CREAT | O_APPEND, 0o600);
    const sink = fileSink(file, reports.report);
    assert.throws(() => file.fd, /given away/);
    await Promise.all(['one\n', 'two\n', 'three\n'].map((text) => write(sink, text)));
    await sink.close();
    assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\nthree\n');
    assert.deepEqual(reports.messages, []);
  });

  it('into a full disk reports it once, and throws the rest away', async () => {
    const reports = new Reports();
    const sink = fileSink(await openDescriptor('/dev/full', constants.O_WRONLY), reports.report);
    for (const text of ['one', 'two', 'three']) await write(sink, text);
    await sink.close();
    assert.equal(reports.messages.length, 1);
    assert.match(reports.messages[0] ?? '', /^ENOSPC: /);
  });
});
