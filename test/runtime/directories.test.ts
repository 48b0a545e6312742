import assert from 'node:assert/strict';
import { statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeDirectories } from '../../src/runtime/directories.js';
import { folder } from './folder.js';

test('directories: all that are missing are made, with the mode', async (context) => {
  const path = join(folder(context), 'a', 'b', 'c');
  await makeDirectories(path, 0o700);
  for (const one of [path, join(path, '..'), join(path, '../..')]) {
    assert.equal(statSync(one).mode & 0o777, 0o700);
  }
  await makeDirectories(path, 0o700);
  await makeDirectories('/', 0o700);
});

test('directories: of which some are made by another meanwhile', async (context) => {
  const path = join(folder(context), 'a/b/c/d/e/f/g/h');
  await Promise.all(Array.from({ length: 20 }, () => makeDirectories(path, 0o755)));
  assert.ok(statSync(path).isDirectory());
  // Others that are a step ahead: what was missing when it was needed is there when it is looked for.
  for (let round = 0; round < 50; round += 1) {
    const below = join(path, String(round), 'a/b');
    const calls: Promise<void>[] = [];
    for (let call = 0; call < 8; call += 1) {
      calls.push(makeDirectories(below, 0o755));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(calls);
  }
});

test('directories: a file in the way is named', async (context) => {
  const path = folder(context);
  writeFileSync(join(path, 'file'), '');
  await assert.rejects(makeDirectories(join(path, 'file'), 0o755), { code: 'EEXIST' });
  await assert.rejects(makeDirectories(join(path, 'file/below'), 0o755), { code: 'ENOTDIR' });
  symlinkSync('nowhere', join(path, 'link'));
  await assert.rejects(makeDirectories(join(path, 'link'), 0o755), { code: 'EEXIST' });
});

test(
  'directories: where none can be made, that is said and not tried for ever',
  { skip: process.platform === 'linux' ? false : 'of /proc on Linux' },
  async () => {
    await assert.rejects(makeDirectories('/proc/containers', 0o755), { code: 'ENOENT' });
    await assert.rejects(makeDirectories('/proc/containers/a/b', 0o755), { code: 'ENOENT' });
  },
);
