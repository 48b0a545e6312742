import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { followLog, lastLines } from '../../src/cli/log-file.js';
import { inFolder } from '../image/content/place.js';

class Sink extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

test('a log is written from its last lines to its end, also when its container had ended before', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'output');
    await writeFile(path, 'one\ntwo\nthree\n');
    const sink = new Sink();
    await followLog(path, (await lastLines(path, 2)) ?? 0, sink, Promise.resolve());
    assert.equal(sink.text, 'two\nthree\n');
  }));

test('an end that cannot be waited for is an error when the log is written, and not before', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'output');
    await writeFile(path, 'one\n');
    const sink = new Sink();
    const failed = Promise.reject(new Error('nobody to ask'));
    await assert.rejects(followLog(path, 0, sink, failed), /nobody to ask/);
    assert.equal(sink.text, 'one\n');
  }));
