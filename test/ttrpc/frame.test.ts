import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameReader } from '../../src/ttrpc/frame.js';
import { MESSAGE_LENGTH_MAX } from '../../src/ttrpc/limits.js';
import { encodeFrame, type Frame } from './peers.js';

interface Read {
  frames: Frame[];
  oversized: [streamId: number, length: number][];
}

function read(chunks: Iterable<Buffer>): Read {
  const result: Read = { frames: [], oversized: [] };
  const reader = new FrameReader({
    frame: (streamId, type, flags, data) =>
      result.frames.push({ streamId, type, flags, data: Buffer.from(data) }),
    oversized: (streamId, length) => result.oversized.push([streamId, length]),
  });
  for (const chunk of chunks) reader.push(chunk);
  return result;
}

function* cut(bytes: Buffer, length: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

const frames: Frame[] = [
  { streamId: 1, type: 1, flags: 2, data: Buffer.from('hello') },
  { streamId: 0xffffffff, type: 0xff, flags: 0xff, data: Buffer.alloc(0) },
  { streamId: 3, type: 3, flags: 5, data: Buffer.alloc(0) },
  { streamId: 5, type: 2, flags: 0, data: Buffer.alloc(300, 'x') },
];
const wire = Buffer.concat(frames.map((f) => encodeFrame(f.streamId, f.type, f.flags, f.data)));

test('the header is big-endian: length, stream id, type, flags', () => {
  assert.deepEqual(
    encodeFrame(0x01020304, 3, 4, Buffer.from('ab')),
    Buffer.from([0, 0, 0, 2, 1, 2, 3, 4, 3, 4, 0x61, 0x62]),
  );
});

test('frames are the same however their bytes are cut', () => {
  for (let length = 1; length <= wire.length; length += 1) {
    assert.deepEqual(read(cut(wire, length)), { frames, oversized: [] }, `chunks of ${length} bytes`);
  }
});

test('the longest frame is delivered, a longer one discarded and reported', () => {
  const longest = encodeFrame(7, 1, 0, Buffer.alloc(MESSAGE_LENGTH_MAX, 1));
  const tooLong = encodeFrame(9, 1, 0, Buffer.alloc(MESSAGE_LENGTH_MAX + 1));
  for (const length of [1000, 65_536, 10 << 20]) {
    const result = read(cut(Buffer.concat([longest, tooLong, wire]), length));
    assert.deepEqual(result.oversized, [[9, MESSAGE_LENGTH_MAX + 1]]);
    assert.deepEqual(
      result.frames.map((frame) => frame.data.length),
      [MESSAGE_LENGTH_MAX, ...frames.map((frame) => frame.data.length)],
    );
  }
});

test('an oversized frame is reported only when all of it has come', () => {
  const header = Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 1, 0]);
  assert.deepEqual(read([header, Buffer.alloc(1 << 20)]), { frames: [], oversized: [] });
});

test('a frame within one chunk is not copied, one that spans chunks is gathered in its own buffer', () => {
  const seen: Buffer[] = [];
  const reader = new FrameReader({
    frame: (_streamId, _type, _flags, data) => seen.push(data),
    oversized: () => assert.fail(),
  });
  reader.push(wire);
  assert.equal(seen[0]?.buffer, wire.buffer);
  reader.push(wire.subarray(0, 12));
  reader.push(wire.subarray(12));
  assert.equal(seen[4]?.buffer.byteLength, 5);
});

test('nothing is delivered after stop', () => {
  let delivered = 0;
  const reader = new FrameReader({
    frame: () => {
      delivered += 1;
      reader.stop();
    },
    oversized: () => assert.fail(),
  });
  reader.push(wire);
  reader.push(wire);
  assert.equal(delivered, 1);
});
