import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { missingMountPoints, removeMountPoints } from '../../../src/image/roots/mount-stubs.js';
import { layeredTree } from '../../../src/image/tree/layered.js';

const directory = mkdtempSync(join(tmpdir(), 'stubs-'));
after(() => {
  rmSync(directory, { recursive: true });
});

test('what was made for mounts goes again, and what is used stays', () => {
  const [lower, upper] = [join(directory, 'lower'), join(directory, 'upper')];
  mkdirSync(join(lower, 'usr/etc'), { recursive: true });
  symlinkSync('usr/etc', join(lower, 'etc'));
  const stubs = missingMountPoints(layeredTree([lower]), [
    '/proc',
    '/etc/hosts',
    '/run/a/b',
    '/run/c',
    '/usr',
  ]);
  assert.deepEqual(stubs, ['run/a/b', 'usr/etc/hosts', 'run/a', 'run/c', 'proc', 'run']);
  for (const path of ['proc', 'usr/etc', 'run/a/b', 'run/c'])
    mkdirSync(join(upper, path), { recursive: true });
  writeFileSync(join(upper, 'usr/etc/hosts'), '');
  writeFileSync(join(upper, 'run/c/used'), '');
  removeMountPoints(upper, stubs);
  assert.deepEqual(readdirSync(upper), ['run', 'usr']);
  assert.deepEqual(readdirSync(join(upper, 'run')), ['c']);
  assert.deepEqual(readdirSync(join(upper, 'usr/etc')), []);
});

test('a link that the container put in the way is not followed', () => {
  const [upper, outside] = [join(directory, 'upper2'), join(directory, 'outside')];
  mkdirSync(join(outside, 'a'), { recursive: true });
  mkdirSync(upper);
  symlinkSync(outside, join(upper, 'run'));
  removeMountPoints(upper, ['run/a', 'run']);
  assert.ok(existsSync(join(outside, 'a')) && existsSync(join(upper, 'run')));
});
