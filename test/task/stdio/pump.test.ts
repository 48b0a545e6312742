import assert from 'node:assert/strict';
import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { createPipe } from '../../../src/kernel/linux/pipe.js';
import { Descriptor } from '../../../src/task/stdio/descriptor.js';
import { type Pump, pump, type Write } from '../../../src/task/stdio/pump.js';
import { pipeSource } from '../../../src/task/stdio/source.js';
import { notLinux } from '../../kernel/kernels.js';
import { kernel, raise, Reports } from './fixture.js';

/** A pump from a pipe, whose other end is `write`. */
function fromPipe(
  test: TestContext,
  write: Write,
  report: (error: Error) => void = raise,
): { pump: Pump; source: Socket; end: number } {
  const pipe = createPipe(kernel);
  let source: Socket | undefined;
  const made = pump((onread) => (source = pipeSource(new Descriptor(pipe.read), onread)), write, report);
  test.after(() => {
    made.stop();
  });
  assert.ok(source);
  return { pump: made, source, end: pipe.write };
}

/** When the event loop has served all that is pending now, twice over. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('a pump', { skip: notLinux }, () => {
  it('has one chunk on its way at a time, of 64 KiB at most', async (test) => {
    const sizes: number[] = [];
    let handOn: (() => void) | undefined;
    const { pump, end } = fromPipe(test, (chunk, done) => {
      assert.equal(handOn, undefined, 'the chunk before is still on its way');
      sizes.push(chunk.length);
      handOn = () => {
        handOn = undefined;
        done();
      };
    });
    const writer = new Socket({ fd: end, readable: false, writable: true });
    writer.end(Buffer.alloc(200_000));
    const ended = pump.done.then(() => true);
    while (sizes.reduce((sum, size) => sum + size, 0) < 200_000) {
      await turns();
      handOn?.();
    }
    handOn?.();
    assert.equal(await ended, true);
    assert.ok(Math.max(...sizes) <= 65536);
    assert.ok(sizes.length >= 4, `${sizes.length} chunks`);
  });

  it('reads nothing more before a chunk was handed on', async (test) => {
    const chunks: string[] = [];
    let handOn: () => void = () => undefined;
    const { end } = fromPipe(test, (chunk, done) => {
      chunks.push(Buffer.from(chunk).toString());
      handOn = done;
    });
    const owner = new Descriptor(end);
    writeSync(end, 'one');
    while (chunks.length < 1) await turns();
    writeSync(end, 'two');
    await turns();
    assert.deepEqual(chunks, ['one']);
    handOn();
    while (chunks.length < 2) await turns();
    assert.deepEqual(chunks, ['one', 'two']);
    owner.close();
  });

  it('is done when it is stopped, whatever is on its way', async (test) => {
    let handOn: () => void = () => undefined;
    let came = 0;
    const { pump, source, end } = fromPipe(test, (_chunk, done) => {
      came += 1;
      handOn = done;
    });
    const owner = new Descriptor(end);
    writeSync(end, 'one');
    while (came < 1) await turns();
    pump.stop();
    pump.stop();
    await pump.done;
    assert.ok(source.destroyed);
    handOn();
    await turns();
    assert.equal(came, 1);
    owner.close();
  });

  it('reports what goes wrong with its source, but for EIO, a terminal’s end of file', async (test) => {
    const reports = new Reports();
    for (const [code, messages] of [
      ['EIO', []],
      ['EBADF', ['read EBADF']],
    ] as const) {
      const { pump, source, end } = fromPipe(test, () => undefined, reports.report);
      source.destroy(Object.assign(new Error(`read ${code}`), { code }));
      await pump.done;
      assert.deepEqual(reports.messages, messages);
      new Descriptor(end).close();
    }
  });
});
