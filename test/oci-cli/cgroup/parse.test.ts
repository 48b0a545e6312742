import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parsePartitions } from '../../../src/oci-cli/cgroup/blkio.js';
import { parseDevice, parseFlat, parseInteger, parseNested } from '../../../src/oci-cli/cgroup/parse.js';
import { UINT64_MAX } from '../../../src/proto/int64.js';

suite('a number', () => {
  const numbers: [string, number | bigint][] = [
    ['0\n', 0],
    ['4096\n', 4096],
    ['999999999999999', 999_999_999_999_999],
    ['9007199254740993\n', 9007199254740993n],
    ['9223372036854771712\n', 9223372036854771712n],
    ['18446744073709551615', UINT64_MAX],
    ['max\n', UINT64_MAX],
  ];
  for (const [text, number] of numbers) {
    test(`${JSON.stringify(text)} is ${number.toString()}`, () => {
      assert.equal(parseInteger(text, 'f'), number);
    });
  }
  for (const text of ['', '-1', '1.5', '0x10', '1 2', '111111111111111111111', 'maximum']) {
    test(`${JSON.stringify(text)} is none`, () => {
      assert.throws(() => parseInteger(text, 'pids.max'), {
        message: `pids.max: ${JSON.stringify(text)} is not a number`,
      });
    });
  }
});

test('a table has what the file has, and 0 for the rest', () => {
  const table = parseFlat('anon 4096\nfile 0\npgfault 17\n', 'memory.stat');
  assert.deepEqual(
    ['anon', 'file', 'pgfault', 'slab', '__proto__'].map((key) => table.get(key)),
    [4096, 0, 17, 0, 0],
  );
  assert.equal(table.has('file'), true);
  assert.equal(table.has('slab'), false);
});

test('a table with a line that is no number says which file it is in', () => {
  assert.throws(() => parseFlat('anon x\n', 'memory.stat'), /^Error: memory\.stat: "x" is not a number$/);
});

test('lines of devices', () => {
  const parsed = parseNested('8:0 rbytes=1 wbytes=2\n\n253:1 \nmlx5_0 hca_handle=max x\n');
  assert.deepEqual(
    parsed.map(({ device, values }) => [device, [...values]]),
    [
      [
        '8:0',
        [
          ['rbytes', '1'],
          ['wbytes', '2'],
        ],
      ],
      ['253:1', []],
      ['mlx5_0', [['hca_handle', 'max']]],
    ],
  );
});

test('numbers of a device', () => {
  assert.deepEqual(parseDevice('254:16'), { major: 254, minor: 16 });
  for (const text of ['Total', '8', '8:', ':0', '8:0:1', '8:-1']) assert.equal(parseDevice(text), undefined);
});

test('names of devices', () => {
  const text = 'major minor  #blocks  name\n\n 254        0  268435456 vda\n 254        1  268434432 vda1\n';
  assert.deepEqual(
    [...parsePartitions(text)],
    [
      ['254:0', '/dev/vda'],
      ['254:1', '/dev/vda1'],
    ],
  );
});
