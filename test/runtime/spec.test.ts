import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, test } from 'node:test';
import { parseSpec, readSpec } from '../../src/runtime/spec.js';
import { openDescriptors } from '../kernel/descriptors.js';
import { notLinux } from '../kernel/kernels.js';
import { folder } from './folder.js';

const minimal = { ociVersion: '1.0.2', root: { path: 'rootfs' }, process: { args: ['sh'], cwd: '/' } };

function processWith(members: object): unknown {
  return { ...minimal, process: { ...minimal.process, ...members } };
}

describe('a config.json that is not to be read', { timeout: 60_000 }, () => {
  const cases: [string, (path: string) => void, string, RegExp][] = [
    ['is missing', () => undefined, 'not-found', /config\.json/],
    [
      'leads nowhere',
      (path) => {
        symlinkSync('nowhere', path);
      },
      'not-found',
      /ENOENT/,
    ],
    [
      'leads to itself',
      (path) => {
        symlinkSync('config.json', path);
      },
      'failed',
      /ELOOP/,
    ],
    [
      'is a FIFO without a writer',
      (path) => {
        execFileSync('mkfifo', [path]);
      },
      'invalid',
      /config\.json is not a regular file/,
    ],
    [
      'is a directory',
      (path) => {
        mkdirSync(path);
      },
      'invalid',
      /config\.json is not a regular file/,
    ],
    [
      'is a device',
      (path) => {
        symlinkSync('/dev/zero', path);
      },
      'invalid',
      /config\.json is not a regular file/,
    ],
    [
      'has a terabyte',
      (path) => {
        writeFileSync(path, '');
        truncateSync(path, 2 ** 40);
      },
      'invalid',
      /config\.json: 1099511627776 bytes, more than 8388608/,
    ],
    [
      'has a byte too many',
      (path) => {
        writeFileSync(path, JSON.stringify(minimal).padEnd(8_388_609));
      },
      'invalid',
      /8388609 bytes/,
    ],
  ];
  for (const [name, make, kind, message] of cases) {
    it(name, { skip: notLinux }, async (context) => {
      const path = join(folder(context), 'config.json');
      make(path);
      const before = openDescriptors();
      await assert.rejects(readSpec(path), { name: 'RuntimeError', kind, message });
      assert.deepEqual(openDescriptors(), before);
    });
  }
});

test('a process needs no user, or any part of one', () => {
  for (const user of [
    undefined,
    null,
    {},
    { uid: 0 },
    { uid: 2 ** 32 - 1, gid: 1, additionalGids: [1, 2] },
  ]) {
    assert.equal(parseSpec(JSON.stringify(processWith({ user })), 'x').process.terminal, false);
  }
});

test('a config.json of the largest size is read', async (context) => {
  const path = join(folder(context), 'config.json');
  writeFileSync(path, JSON.stringify(minimal).padEnd(8_388_608));
  assert.deepEqual((await readSpec(path)).process.document['args'], ['sh']);
});

describe('a spec that is refused', () => {
  const cases: [string, unknown, RegExp][] = [
    ['no object', [], /^x is not a JSON object$/],
    ['null', null, /^x is not a JSON object$/],
    ['no version', {}, /^x: ociVersion is no text, not 1\.x$/],
    ['a version to come', { ...minimal, ociVersion: '2.0.0' }, /ociVersion is "2\.0\.0"/],
    ['a number as version', { ...minimal, ociVersion: 1 }, /ociVersion is no text/],
    ['no root', { ...minimal, root: undefined }, /^x: root is not a JSON object$/],
    ['no path of the root', { ...minimal, root: {} }, /root\.path is not a path/],
    ['a NUL in the root', { ...minimal, root: { path: 'a\0b' } }, /root\.path is not a path/],
    ['no process', { ...minimal, process: undefined }, /^x: process is not a JSON object$/],
    ['no arguments', { ...minimal, process: { args: [], cwd: '/' } }, /process: args is not a list/],
    ['a number as argument', { ...minimal, process: { args: [1], cwd: '/' } }, /process: args is not a list/],
    ['a NUL in an argument', { ...minimal, process: { args: ['\0'], cwd: '/' } }, /args is not a list/],
    ['no directory', { ...minimal, process: { args: ['sh'] } }, /process: cwd is not an absolute path/],
    ['a NUL in the directory', { ...minimal, process: { args: ['sh'], cwd: '/\0' } }, /cwd is not an abs/],
    ['a bad environment', { ...minimal, process: { args: ['sh'], cwd: '/', env: [1] } }, /process: env is/],
    ['a user of letters', processWith({ user: { uid: 'root' } }), /process: user\.uid is not an uns/],
    ['a user below 0', processWith({ user: { uid: 0, gid: -1 } }), /process: user\.gid is not an uns/],
    ['a user too large', processWith({ user: { uid: 2 ** 32 } }), /process: user\.uid is not an uns/],
    ['half a user', processWith({ user: { uid: 0.5 } }), /process: user\.uid is not an uns/],
    ['no user of an id', processWith({ user: { uid: null } }), /process: user\.uid is not an uns/],
    ['a list as user', processWith({ user: [] }), /process: user is not a JSON object/],
    ['a group of letters', processWith({ user: { additionalGids: ['a'] } }), /additionalGids is not a list/],
    ['a bad annotation', { ...minimal, annotations: { a: 1 } }, /annotations: "a" is not a string/],
  ];
  for (const [name, document, message] of cases) {
    it(name, () => {
      assert.throws(() => parseSpec(JSON.stringify(document), 'x'), { kind: 'invalid', message });
    });
  }

  it('text that is not JSON', () => {
    assert.throws(() => parseSpec('{', 'x'), { kind: 'invalid', message: /^x is not JSON: / });
  });

  for (const [depth, refused] of [
    [1_000_000, true],
    [100, true],
    [99, false],
  ] as const) {
    it(`${depth} lists in each other${refused ? '' : ' is not'}`, () => {
      const text = JSON.stringify({ ...minimal, lists: 0 });
      const deep = text.replace('"lists":0', `"lists":${'['.repeat(depth)}${']'.repeat(depth)}`);
      const message = 'x: more than 100 lists and objects in each other';
      if (refused) assert.throws(() => parseSpec(deep, 'x'), { kind: 'invalid', message });
      else assert.equal(parseSpec(deep, 'x').rootPath, 'rootfs');
    });
  }
});
