import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allBindings } from '../../../src/kernel/bindings/select.js';
import { checkAnchor, listAnchors } from '../../../src/kernel/freebsd/pf-anchor.js';
import { RulesetLoader } from '../../../src/kernel/freebsd/pf-load.js';
import { openModel } from '../../model/model.js';

describe('checkAnchor', () => {
  const [bindings] = allBindings;
  assert.ok(bindings);
  const deep = (length: number): string => `${'d'.repeat(63)}/`.repeat(20).slice(0, length - 1) + 'd';

  for (const path of [
    'a',
    'top/c1',
    '0',
    'a.b-c_d:e',
    'n'.repeat(63),
    `a/${'n'.repeat(63)}`,
    `${deep(958)}/x`,
  ]) {
    it(`takes ${path.length > 80 ? `${path.length} bytes` : path}`, () => {
      assert.equal(checkAnchor('anchor', path, bindings), path);
    });
  }

  for (const [path, message] of [
    ['', 'anchor: empty'],
    ['/a', "anchor: '' in '/a' is not a name of an anchor"],
    ['a/', "anchor: '' in 'a/' is not a name of an anchor"],
    ['a//b', "anchor: '' in 'a//b' is not a name of an anchor"],
    ['a/*', "anchor: '*' in 'a/*' is not a name of an anchor"],
    ['a/..', "anchor: '..' in 'a/..' is not a name of an anchor"],
    ['a b', "anchor: 'a b' in 'a b' is not a name of an anchor"],
    ['a"b', `anchor: 'a"b' in 'a"b' is not a name of an anchor`],
    ['ä', "anchor: 'ä' in 'ä' is not a name of an anchor"],
    ['a\0b', 'anchor: contains a NUL'],
    ['_pf/a', "anchor: '_pf' is the kernel's own"],
    ['n'.repeat(64), `anchor: '${'n'.repeat(64)}': 64 bytes, at most 63`],
    [`${deep(959)}/x`, 'anchor: 959 bytes before its last part, at most 958'],
    ['a'.repeat(1024), 'anchor: 1024 bytes, at most 1023'],
  ] as const) {
    it(`refuses ${message.slice(0, 60)}`, () => {
      assert.throws(() => checkAnchor('anchor', path, bindings), { name: 'RangeError', message });
    });
  }
});

describe('listAnchors', () => {
  for (const release of [12, 13, 14, 15] as const) {
    it(`lists those directly below one on ${release}`, async () => {
      const { freebsd } = openModel(release);
      const loader = new RulesetLoader(freebsd);
      const rules = { filter: [{ kind: 'filter', action: 'block' }] } as const;
      for (const anchor of ['top/b', 'top/a/inner', 'other']) await loader.load(anchor, rules);
      assert.deepEqual(await listAnchors(freebsd, ''), ['other', 'top']);
      assert.deepEqual(await listAnchors(freebsd, 'top'), ['a', 'b']);
      assert.deepEqual(await listAnchors(freebsd, 'other'), []);
      assert.deepEqual(await listAnchors(freebsd, 'none'), []);
    });
  }

  it('says that there is no packet filter', async () => {
    const { freebsd } = openModel(14, { modules: ['devfs', 'tmpfs'] });
    await assert.rejects(listAnchors(freebsd, ''), { message: 'openat: /dev/pf: ENOENT' });
  });
});
