import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { describe, it } from 'node:test';
import type { NvInput, NvList, NvValue } from '../../../src/kernel/freebsd/nvlist.js';
import { packList } from '../../../src/kernel/freebsd/nvlist-pack.js';
import { unpackList } from '../../../src/kernel/freebsd/nvlist-unpack.js';
import { pack, unpack, type PackedValue } from '../../model/pf-nvlist.js';

const everything: NvInput = {
  yes: true,
  no: false,
  small: 7,
  large: 0xffff_ffff_ffff_ffffn,
  negative: -1,
  text: 'ä b',
  empty: '',
  binary: Uint8Array.of(1, 0, 2),
  numbers: [1, 2n, 65_535],
  strings: ['a', '', 'c'],
  inner: { deep: { value: 1 }, nothing: {} },
  last: 1,
};

describe('packList', () => {
  it('writes a list as nvlist_pack(9) does', () => {
    const bytes = [
      // magic, version, flags, descriptors, size of what follows
      ...[0x6c, 0, 0],
      ...[0, 0, 0, 0, 0, 0, 0, 0],
      ...[111, 0, 0, 0, 0, 0, 0, 0],
      // number "a": type, size of the name, size of the data, items, name, data
      ...[3, 2, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x61, 0],
      ...[5, 0, 0, 0, 0, 0, 0, 0],
      // list "l" of 41 bytes, and its header: 41 - 19 of its own, 20 for the pair that leads up
      ...[5, 2, 0, 41, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x6c, 0],
      ...[0x6c, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 42, 0, 0, 0, 0, 0, 0, 0],
      // bool "b"
      ...[2, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x62, 0],
      1,
      // up
      ...[255, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ];
    assert.deepEqual([...packList({ a: 5, l: { b: true } })], bytes);
  });

  it('is understood by what is as strict as the kernel', () => {
    const plain = (value: PackedValue): unknown => {
      if (value.type !== 'list') return value.value;
      return Object.fromEntries([...value.value].map(([name, each]) => [name, plain(each)]));
    };
    assert.deepEqual(plain({ type: 'list', value: unpack(packList(everything)) }), {
      ...everything,
      small: 7n,
      negative: 0xffff_ffff_ffff_ffffn,
      numbers: [1n, 2n, 65_535n],
      inner: { deep: { value: 1n }, nothing: {} },
      last: 1n,
    });
  });

  for (const [what, input, message] of [
    ['a NUL in text', { a: { b: 'x\0y' } }, 'a.b: contains a NUL'],
    ['a NUL in a name', { 'a\0': 1 }, 'a\0: contains a NUL'],
    ['a NUL in one of several', { a: ['x', 'y\0'] }, 'a: contains a NUL'],
    ['no bytes', { a: new Uint8Array(0) }, 'a: empty'],
    ['no items', { a: [] }, 'a: empty'],
    ['over 64 bits', { a: 1n << 64n }, 'a: 18446744073709551616 has over 64 bits'],
  ] as const satisfies readonly (readonly [string, NvInput, string])[]) {
    it(`refuses ${what}`, () => {
      assert.throws(() => packList(input), { name: 'RangeError', message });
    });
  }
});

describe('unpackList', () => {
  const plain = (value: NvValue): unknown => {
    return value instanceof Map
      ? Object.fromEntries([...value].map(([k, v]) => [k, plain(v as NvValue)]))
      : value;
  };

  it('reads what the kernel packs', () => {
    const list = unpack(packList(everything));
    assert.deepEqual(plain(unpackList(pack(list))), plain(unpackList(packList(everything))));
    const read: NvList = unpackList(pack(list));
    assert.equal(read.get('large'), 0xffff_ffff_ffff_ffffn);
    assert.deepEqual(read.get('strings'), ['a', '', 'c']);
    assert.deepEqual(read.get('numbers'), [1n, 2n, 65_535n]);
  });

  it('refuses what is cut off anywhere', () => {
    const whole = packList(everything);
    for (let length = 0; length < whole.byteLength; length++) {
      assert.throws(() => unpackList(whole.subarray(0, length)), /^Error: nvlist: at \d+ of/);
    }
  });

  it('takes whatever bytes there are for a list or for none, and reads no others', () => {
    const whole = packList(everything);
    const seed = randomInt(2 ** 31);
    let state = seed;
    const next = (most: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % most;
    };
    for (let round = 0; round < 2000; round++) {
      const bytes = whole.slice();
      const [at, value] = [next(bytes.byteLength), next(256)];
      bytes[at] = value;
      try {
        unpackList(bytes);
      } catch (error) {
        assert.match(
          String(error),
          /^Error: nvlist: at \d+ of/,
          `seed ${seed}, round ${round}: ${at} is ${value}`,
        );
      }
    }
  });
});
