import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { drive } from './driver.js';

const sha256 = (input: Buffer): string => createHash('sha256').update(input).digest('hex');

test('FIPS 180-4 examples', () => {
  const inputs = [
    '',
    'abc',
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    'a'.repeat(1_000_000),
  ];
  assert.deepEqual(drive('hash', inputs), [
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
  ]);
});

test('every length around the block boundaries gives what OpenSSL gives', () => {
  const inputs = Array.from({ length: 260 }, (_, length) => randomBytes(length));
  assert.deepEqual(drive('hash', inputs), inputs.map(sha256));
});
