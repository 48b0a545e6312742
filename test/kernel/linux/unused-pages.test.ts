import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { openLocalKernel } from '../../../src/kernel/local.js';
import { linuxCalls } from '../../../src/kernel/linux/host.js';
import { cleanFileRanges } from '../../../src/kernel/linux/unused-pages.js';
import { trimMemory } from '../../../src/shim/trim.js';

const linux = process.platform === 'linux' ? false : 'reads /proc/self/smaps';

const mapping = (header: string, fields: Record<string, number>): string =>
  [header, ...Object.entries(fields).map(([name, size]) => `${name}:${String(size).padStart(16)} kB`)].join(
    '\n',
  );
const clean = { Size: 1024, Rss: 512, Private_Dirty: 0, Anonymous: 0 };
const file = 'fd:00 4242                       /usr/bin/node';

for (const [what, header, fields, expected] of [
  ['program text', `7f0000000000-7f0000100000 r-xp 00000000 ${file}`, clean, 1],
  ['read-only data', `7f0000000000-7f0000100000 r--p 00000000 ${file}`, clean, 1],
  ['nothing resident', `7f0000000000-7f0000100000 r-xp 00000000 ${file}`, { ...clean, Rss: 0 }, 0],
  [
    'relocated, then protected',
    `7f0000000000-7f0000100000 r--p 00000000 ${file}`,
    { ...clean, Anonymous: 8 },
    0,
  ],
  ['dirty', `7f0000000000-7f0000100000 r--p 00000000 ${file}`, { ...clean, Private_Dirty: 4 }, 0],
  ['writable', `7f0000000000-7f0000100000 rw-p 00000000 ${file}`, clean, 0],
  ['shared', `7f0000000000-7f0000100000 r--s 00000000 ${file}`, clean, 0],
  ['compiled code', '7f0000000000-7f0000100000 r-xp 00000000 00:00 0', clean, 0],
  ['small', `7f0000000000-7f0000001000 r-xp 00000000 ${file}`, clean, 0],
] as const) {
  test(`${what}: ${expected === 1 ? 'given back' : 'kept'}`, () => {
    assert.equal(cleanFileRanges(mapping(header, fields)).length, expected);
  });
}

test('a process that was trimmed is smaller and goes on', { skip: linux }, () => {
  const resident = (): number =>
    Number(/^Rss: +(\d+)/m.exec(readFileSync('/proc/self/smaps_rollup', 'utf8'))?.[1]);
  const kernel = openLocalKernel('koffi');
  const before = resident();
  trimMemory(linuxCalls(kernel));
  const after = resident();
  assert.ok(after < before - 4096, `${before} kB, then ${after} kB`);
  assert.equal(JSON.stringify({ still: [1, 2, 3].map((one) => one * 2) }), '{"still":[2,4,6]}');
  trimMemory(linuxCalls(kernel));
  kernel.close();
});
