import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readStruct, readText, type Layout } from '../../src/kernel/layout.js';

const all = {
  name: 'all',
  size: 56,
  alignment: 8,
  fields: {
    i8: { type: 'i8', offset: 0 },
    u8: { type: 'u8', offset: 1 },
    i16: { type: 'i16', offset: 2 },
    u16: { type: 'u16', offset: 4 },
    i32: { type: 'i32', offset: 8 },
    u32: { type: 'u32', offset: 12 },
    i64: { type: 'i64', offset: 16 },
    u64: { type: 'u64', offset: 24 },
    pointer: { type: 'pointer', offset: 32 },
    text: { type: 'bytes', offset: 40, size: 4 },
  },
} as const satisfies Layout;

describe('readStruct', () => {
  it('reads every type, wherever the structure begins', () => {
    const bytes = new Uint8Array(61).fill(0xff);
    bytes.set(Buffer.from('ab\0c'), 3 + 40);
    const values = readStruct(bytes, 3, all);
    assert.deepEqual(values, {
      i8: -1,
      u8: 0xff,
      i16: -1,
      u16: 0xffff,
      i32: -1,
      u32: 0xffff_ffff,
      i64: -1n,
      u64: 0xffff_ffff_ffff_ffffn,
      pointer: 0xffff_ffff_ffff_ffffn,
      text: new Uint8Array(Buffer.from('ab\0c')),
    });
    assert.equal(readText(values.text), 'ab');
  });

  it('reads least significant bytes first', () => {
    const bytes = Uint8Array.from({ length: 56 }, (_, index) => index);
    const values = readStruct(bytes, 0, all);
    assert.equal(values.u16, 0x0504);
    assert.equal(values.u32, 0x0f0e0d0c);
    assert.equal(values.u64, 0x1f1e1d1c1b1a1918n);
  });

  it('refuses a structure that is cut off', () => {
    assert.throws(() => readStruct(new Uint8Array(60), 5, all), /^RangeError: all: 56 bytes at 5/);
    assert.throws(() => readStruct(new Uint8Array(60), -1, all), RangeError);
  });
});

describe('readText', () => {
  it('ends at a NUL or at the size', () => {
    const bytes = Buffer.from('one\0two');
    assert.equal(readText(bytes), 'one');
    assert.equal(readText(bytes, 4), 'two');
    assert.equal(readText(bytes, 4, 2), 'tw');
    assert.throws(() => readText(bytes, 4, 4), RangeError);
  });
});
