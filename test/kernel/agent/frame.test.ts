import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeFrame, FrameError, FrameReader, maxPayload } from '../../../src/kernel/agent/frame.js';

const one = Buffer.concat(encodeFrame(2, Buffer.from('payload')));
const two = Buffer.concat(encodeFrame(129, Buffer.alloc(0)));

function read(noisy: boolean, ...chunks: Buffer[]): [number, string][] {
  const reader = new FrameReader(noisy);
  return chunks.flatMap((chunk) =>
    reader.push(chunk).map(({ type, payload }): [number, string] => [type, payload.toString()]),
  );
}

describe('frames', () => {
  it('are as the protocol says', () => {
    // CRC-32 of 02000000 00000000, computed apart
    assert.equal(
      Buffer.concat(encodeFrame(2, Buffer.alloc(0))).toString('hex'),
      '4a414731020000000000000014d80727',
    );
    assert.throws(() => encodeFrame(2, Buffer.alloc(maxPayload + 1)), /^RangeError: frame: 68157441 bytes/);
  });

  it('come out of any chunks', () => {
    const stream = Buffer.concat([one, two, one]);
    const expected: [number, string][] = [
      [2, 'payload'],
      [129, ''],
      [2, 'payload'],
    ];
    assert.deepEqual(read(false, stream), expected);
    for (let size = 1; size < stream.byteLength; size++) {
      const chunks = [];
      for (let at = 0; at < stream.byteLength; at += size) chunks.push(stream.subarray(at, at + size));
      assert.deepEqual(read(false, ...chunks), expected);
    }
  });

  it('are refused without magic, with a wrong checksum or an impossible length', () => {
    for (const at of [0, 4, 8, 12, 16]) {
      const broken = Buffer.from(one);
      broken.writeUInt8(broken.readUInt8(at) ^ 0x80, at);
      // A longer length waits for more, up to the longest.
      const more = Buffer.alloc(at === 8 ? 256 : 0);
      assert.throws(() => read(false, broken, more), FrameError, `byte ${at}`);
    }
    const long = Buffer.from(one);
    long.writeUInt32LE(maxPayload + 1, 8);
    assert.throws(() => read(false, long), FrameError);
  });

  it('are found between the messages of a kernel', () => {
    const noise = Buffer.from('JAG JAG1 CPU0: local APIC error 0x40\r\n');
    const broken = Buffer.from(one);
    broken.writeUInt8(broken.readUInt8(16) ^ 1, 16);
    const stream = Buffer.concat([noise, one, broken, noise, two, noise, one]);
    const expected: [number, string][] = [
      [2, 'payload'],
      [129, ''],
      [2, 'payload'],
    ];
    assert.deepEqual(read(true, stream), expected);
    assert.deepEqual(read(true, ...Array.from(stream, (byte) => Buffer.of(byte))), expected);
  });
});
