import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Arena } from '../../src/kernel/arena.js';
import { maxArenaSize } from '../../src/kernel/batch.js';
import type { Layout } from '../../src/kernel/layout.js';

const pair = {
  name: 'pair',
  size: 48,
  alignment: 8,
  fields: {
    small: { type: 'u8', offset: 0 },
    signed: { type: 'i16', offset: 2 },
    wide: { type: 'u64', offset: 8 },
    name: { type: 'bytes', offset: 16, size: 16 },
    address: { type: 'pointer', offset: 32 },
  },
} as const satisfies Layout;

describe('Arena', () => {
  it('reserves zeroed bytes, aligned, and grows', () => {
    const arena = new Arena(4);
    assert.equal(arena.reserve(3, 1), 0);
    assert.equal(arena.reserve(10), 8);
    assert.equal(arena.reserve(5000, 16), 32);
    assert.equal(arena.size, 5032);
    const { arena: bytes } = arena.batch([]);
    assert.equal(bytes.byteLength, 5032);
    assert.ok(bytes.every((byte) => byte === 0));
  });

  it('writes text with its NUL, counted in bytes', () => {
    const arena = new Arena();
    assert.deepEqual(arena.textSpan('jail', 'name'), { offset: 0, length: 5 });
    assert.deepEqual(arena.textSpan('é', 'name'), { offset: 5, length: 3 });
    assert.equal(Buffer.from(arena.batch([]).arena).toString(), 'jail\0é\0');
  });

  const refusals: [string, (arena: Arena) => void, RegExp][] = [
    ['a NUL in a text', (arena) => arena.text('a\0b', 'path'), /^RangeError: path: contains a NUL$/],
    ['a text of the capacity', (arena) => arena.text('abcd', 'path', 4), /path: 4 bytes, at most 3/],
    ['UTF-8 beyond the capacity', (arena) => arena.text('ééé', 'path', 6), /path: 6 bytes, at most 5/],
    ['a NUL in a list', (arena) => arena.textList(['a', '\0'], 'argv'), /argv\[1\]: contains a NUL/],
    ['a negative size', (arena) => arena.reserve(-1), /cannot reserve -1 bytes/],
    ['half a byte', (arena) => arena.reserve(0.5), /cannot reserve 0.5 bytes/],
    ['too much memory', (arena) => arena.reserve(maxArenaSize + 1), /at most/],
    [
      'a number too large',
      (arena) => arena.array('u16', [1, 65536], 'size'),
      /size\[1\]: 65536 does not fit u16/,
    ],
    ['a negative unsigned', (arena) => arena.scalar('u32', -1, 'uid'), /uid\[0\]: -1 does not fit u32/],
    ['a fraction', (arena) => arena.scalar('u32', 1.5, 'uid'), /uid\[0\]: 1.5 is not an integer/],
    ['NaN', (arena) => arena.scalar('i32', NaN, 'uid'), /uid\[0\]: NaN is not an integer/],
    ['a field too large', (arena) => arena.struct(pair, { small: 256 }), /pair.small: 256 does not fit u8/],
    ['a field too small', (arena) => arena.struct(pair, { signed: -32769 }), /pair.signed: -32769/],
    ['text filling a field', (arena) => arena.struct(pair, { name: 'x'.repeat(16) }), /pair.name: 16 bytes/],
    [
      'bytes beyond a field',
      (arena) => arena.struct(pair, { name: new Uint8Array(17) }),
      /pair.name: 17 bytes/,
    ],
    ['a NUL in a field', (arena) => arena.struct(pair, { name: 'a\0' }), /pair.name: contains a NUL/],
    ['an address out of the arena', (arena) => arena.struct(pair, { address: 49 }), /pointer target/],
    [
      'a structure that was not reserved',
      (arena) => {
        arena.writeStruct(8, pair, {});
      },
      /pair: 48 bytes at 8/,
    ],
    [
      'bytes that were not reserved',
      (arena) => {
        arena.write(0, new Uint8Array(1));
      },
      /were not reserved/,
    ],
  ];
  for (const [what, refused, message] of refusals) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => {
          refused(new Arena());
        },
        (error) => error instanceof RangeError && message.test(String(error)),
      );
    });
  }

  it('refuses a field that the structure does not have', () => {
    const values: Record<string, number> = { nosuch: 1 };
    assert.throws(() => new Arena().struct(pair, values), /pair.nosuch: no such field/);
  });

  it('writes structures at their offsets, the rest zero', () => {
    const arena = new Arena();
    arena.reserve(1);
    const at = arena.struct(pair, {
      small: 255,
      signed: -2,
      wide: 0xffff_ffff_ffff_ffffn,
      name: 'epair0a',
      address: 3,
    });
    assert.equal(at, 8);
    const { arena: bytes, fixups } = arena.batch([]);
    assert.equal(
      Buffer.from(bytes.slice(at)).toString('hex'),
      `ff00feff00000000${'ff'.repeat(8)}${Buffer.from('epair0a').toString('hex')}${'00'.repeat(9 + 16)}`,
    );
    assert.deepEqual(fixups, [{ at: at + 32, to: 3 }]);
  });

  it('leaves what is null or undefined alone', () => {
    const arena = new Arena();
    arena.struct(pair, { address: null });
    const { arena: bytes, fixups } = arena.batch([]);
    assert.ok(bytes.every((byte) => byte === 0));
    assert.deepEqual(fixups, []);
  });

  it('makes iovecs, with {NULL, 0} for null', () => {
    const arena = new Arena();
    const name = arena.textSpan('path', 'name');
    const table = arena.iovecs([name, null]);
    const { arena: bytes, fixups } = arena.batch([]);
    assert.equal(table, 8);
    assert.deepEqual(fixups, [{ at: 8, to: 0 }]);
    assert.equal(Buffer.from(bytes.slice(8)).toString('hex'), `${'00'.repeat(8)}05${'00'.repeat(23)}`);
  });

  it('makes a NULL-terminated list of strings', () => {
    const arena = new Arena();
    const table = arena.textList(['a', 'bc'], 'argv');
    const { arena: bytes, fixups } = arena.batch([]);
    assert.equal(table, 0);
    assert.deepEqual(fixups, [
      { at: 0, to: 24 },
      { at: 8, to: 26 },
    ]);
    assert.equal(Buffer.from(bytes.slice(24)).toString(), 'a\0bc\0');
  });

  it('makes batches that do not change with it', () => {
    const arena = new Arena();
    const at = arena.reserve(1);
    const first = arena.batch([]);
    arena.write(at, Uint8Array.of(7));
    assert.deepEqual([...first.arena], [0]);
    assert.deepEqual([...arena.batch([]).arena], [7]);
  });
});
