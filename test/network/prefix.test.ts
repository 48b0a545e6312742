import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  contains,
  formatAddress,
  formatPrefix,
  overlaps,
  parseAddress,
  parsePrefix,
  sizeOf,
} from '../../src/network/prefix.js';

suite('networks as text', () => {
  for (const text of [
    '10.88.0.0/16',
    '0.0.0.0/0',
    '192.0.2.7/32',
    'fd00:88::/64',
    '::/0',
    '2001:db8::1/128',
  ]) {
    test(`${text} is read and written`, () => {
      assert.equal(formatPrefix(parsePrefix('pool', text)), text);
    });
  }

  const refused: [string, RegExp][] = [
    ['', /^pool: '' is not a network/],
    ['10.88.0.0', /is not a network/],
    ['10.88.0.0/', /is not a network/],
    ['10.88.0.0/16/1', /is not a network/],
    ['10.88.0.0/016', /is not a network/],
    ['10.88.0.0/+8', /is not a network/],
    ['10.88.0.0/33', /a length of at most 32/],
    ['fd00::/129', /a length of at most 128/],
    ['10.88.0.1/16', /bits set beyond its prefix: '10\.88\.0\.0\/16' is meant/],
    ['fd00:88::1/64', /'fd00:88::\/64' is meant/],
    ['10.88.0/16', /is not an IPv6 address/],
    ['fe80::1%em0/64', /is not an IPv6 address/],
    ['010.88.0.0/16', /is not an IPv6 address/],
  ];
  for (const [text, message] of refused) {
    test(`'${text}' is refused`, () => {
      assert.throws(() => parsePrefix('pool', text), { name: 'RangeError', message });
    });
  }
});

suite('what is in a network', () => {
  const pool = parsePrefix('pool', '10.88.4.0/22');

  test('its size counts the first and the last address', () => {
    assert.equal(sizeOf(pool), 1024n);
    assert.equal(sizeOf(parsePrefix('pool', '::/0')), 1n << 128n);
    assert.equal(sizeOf(parsePrefix('pool', '192.0.2.7/32')), 1n);
  });

  test('its ends are in it, their neighbours are not', () => {
    const answers = ['10.88.3.255', '10.88.4.0', '10.88.7.255', '10.88.8.0'].map((text) =>
      contains(pool, parseAddress('address', text)),
    );
    assert.deepEqual(answers, [false, true, true, false]);
  });

  test('an address of the other family is not in it, whatever its number', () => {
    assert.equal(contains(pool, { family: 'inet6', value: pool.base }), false);
  });

  test('two networks overlap if one is in the other, and not if they touch', () => {
    const answers = ['10.88.0.0/16', '10.88.4.128/25', '10.88.8.0/22', '10.88.0.0/22'].map((text) =>
      overlaps(pool, parsePrefix('other', text)),
    );
    assert.deepEqual(answers, [true, true, false, false]);
    assert.equal(overlaps(parsePrefix('one', '0.0.0.0/0'), parsePrefix('other', '::/0')), false);
  });

  test('an address is written as it is usual', () => {
    assert.equal(formatAddress({ family: 'inet', value: 0x0a58_0001n }), '10.88.0.1');
    assert.equal(formatAddress({ family: 'inet6', value: 1n }), '::1');
  });
});
