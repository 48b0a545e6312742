import assert from 'node:assert/strict';
import { lstatSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { isKernelError } from '../../../src/kernel/error.js';
import { linuxFiles } from '../../../src/kernel/linux/files.js';
import { localKernels, notLinux } from '../kernels.js';

const isRoot = process.getuid?.() === 0;

for (const { engine, kernel } of localKernels()) {
  describe(`files with ${engine}`, { skip: notLinux }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'files-'));
    after(() => {
      rmSync(folder, { recursive: true });
    });
    const files = linuxFiles(kernel);
    const path = (name: string): Buffer => Buffer.from(join(folder, name));

    it('sets times to the nanosecond, also before 1970, and of a link itself', () => {
      writeFileSync(path('file'), '');
      symlinkSync('file', path('link'));
      files.setTime(path('link'), { seconds: -2, nanoseconds: 999_999_999 });
      files.setTime(path('file'), { seconds: 1_234_567_890, nanoseconds: 123_456_789 });
      assert.equal(lstatSync(path('link'), { bigint: true }).mtimeNs, -1_000_000_001n);
      assert.equal(lstatSync(path('file'), { bigint: true }).mtimeNs, 1_234_567_890_123_456_789n);
    });

    it(
      'makes devices and fifos, and reads their numbers back',
      { skip: isRoot ? false : 'needs root' },
      () => {
        files.makeFifo(path('fifo'));
        files.makeDevice(path('block'), 'block', 4095, 1_048_575);
        files.makeDevice(path('character'), 'character', 0, 0);
        assert.ok(lstatSync(path('fifo')).isFIFO());
        assert.ok(lstatSync(path('block')).isBlockDevice());
        assert.ok(lstatSync(path('character')).isCharacterDevice());
        assert.deepEqual(files.deviceOf(lstatSync(path('block'), { bigint: true }).rdev), {
          major: 4095,
          minor: 1_048_575,
        });
      },
    );

    it('gives a link itself another name', () => {
      symlinkSync('nowhere', path('from'));
      files.link(path('from'), path('to'));
      assert.equal(lstatSync(path('to')).ino, lstatSync(path('from')).ino);
      assert.throws(
        () => {
          files.link(path('missing'), path('x'));
        },
        (error) => isKernelError(error, 'ENOENT') && error.message.includes('missing'),
      );
    });

    it('keeps attributes as bytes, long ones too, under names that are no UTF-8', () => {
      writeFileSync(path('noted'), '');
      const long = Buffer.alloc(3000, 0xfe);
      assert.equal(files.setAttribute(path('noted'), 'user.long', long), true);
      assert.equal(files.setAttribute(path('noted'), 'user.\xe9', Buffer.from([0, 255])), true);
      assert.equal(files.setAttribute(path('noted'), 'user.empty', Buffer.alloc(0)), true);
      const expected = new Map([
        ['user.long', long],
        ['user.\xe9', Buffer.from([0, 255])],
        ['user.empty', Buffer.alloc(0)],
      ]);
      assert.deepEqual(files.attributes(path('noted')), expected);
      files.removeAttribute(path('noted'), 'user.long');
      assert.deepEqual([...files.attributes(path('noted')).keys()].includes('user.long'), false);
    });

    it('says what has no place for an attribute', () => {
      writeFileSync(path('plain'), '');
      symlinkSync('plain', path('soft'));
      assert.equal(files.setAttribute(path('plain'), 'unknown.x', Buffer.from('x')), false);
      assert.equal(files.setAttribute(path('soft'), 'user.x', Buffer.from('x')), false);
      assert.deepEqual(files.attributes(path('soft')), new Map());
    });

    it('refuses a NUL in a path', () => {
      assert.throws(() => files.attributes(Buffer.from('/etc\0/x')), RangeError);
    });
  });
}
