import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidatesFor, defaultPath } from '../../../src/jail/process/search-path.js';

const table: readonly [what: string, name: string, env: string[], candidates: string[]][] = [
  ['an absolute path', '/bin/sh', ['PATH=/x'], ['/bin/sh']],
  ['a path below the working directory', './run', ['PATH=/x'], ['/srv/./run']],
  ['a path with a folder', 'bin/run', [], ['/srv/bin/run']],
  ['a name in each folder of PATH', 'sh', ['A=1', 'PATH=/a:/b/'], ['/a/sh', '/b/sh']],
  [
    'folders that are not absolute, and empty ones',
    'sh',
    ['PATH=:bin:/a'],
    ['/srv/sh', '/srv/bin/sh', '/a/sh'],
  ],
  ['a folder that is named twice', 'sh', ['PATH=/a:/b:/a'], ['/a/sh', '/b/sh']],
  ['an empty PATH, which is the working directory', 'sh', ['PATH='], ['/srv/sh']],
  ['no PATH', 'sh', ['NOPATH=/a'], defaultPath.split(':').map((folder) => `${folder}/sh`)],
];

for (const [what, name, env, candidates] of table) {
  test(`a program is looked for: ${what}`, () => {
    assert.deepEqual(candidatesFor({ args: [name, 'x'], env, cwd: '/srv' }), candidates);
  });
}

test('a PATH of a thousand folders is cut', () => {
  const path = Array.from({ length: 1000 }, (_, index) => `/${index}`).join(':');
  assert.equal(candidatesFor({ args: ['sh'], env: [`PATH=${path}`], cwd: '/' }).length, 128);
});

test('a program below the root as working directory has one slash', () => {
  assert.deepEqual(candidatesFor({ args: ['a/b'], env: [], cwd: '/' }), ['/a/b']);
});
