import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mountFlags as F } from '../../src/kernel/linux/mount.js';
import { parseMountOptions } from '../../src/oci-cli/mount-options.js';

for (const [options, flags, data, propagation] of [
  [[], 0, [], []],
  [['rw'], 0, [], []],
  [['ro'], F.readOnly, [], []],
  [['ro', 'rw'], 0, [], []],
  [['rbind', 'ro'], F.bind | F.recursive | F.readOnly, [], []],
  [['nosuid', 'nodev', 'noexec', 'suid'], F.noDev | F.noExec, [], []],
  [['relatime', 'norelatime', 'strictatime'], F.strictAtime, [], []],
  [['', 'defaults', ''], 0, [], []],
  [['lowerdir=/a:/b', 'index=off', 'ro'], F.readOnly, ['lowerdir=/a:/b', 'index=off'], []],
  [['size=1m', 'mode=755'], 0, ['size=1m', 'mode=755'], []],
  [['rprivate', 'slave'], 0, [], [F.private | F.recursive, F.slave]],
  [['RO', 'ro '], 0, ['RO', 'ro '], []],
  [['constructor', '__proto__', 'toString'], 0, ['constructor', '__proto__', 'toString'], []],
] as const) {
  test(`mount options: ${options.join(',') || 'none'}`, () => {
    assert.deepEqual(parseMountOptions(options), { flags, propagation, data });
  });
}
