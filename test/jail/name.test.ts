import assert from 'node:assert/strict';
import { test } from 'node:test';
import { childName, isJailOf, jailName, longestOwnName, parseJailName } from '../../src/jail/name.js';
import { checkJailName } from '../../src/kernel/freebsd/jail-parameters.js';
import { checkIdentifier } from '../../src/runtime/key.js';

const names: [namespace: string, id: string, name: string][] = [
  ['default', 'web1', 'default@web1'],
  ['k8s.io', 'web.1', 'k8s+io@web+1'],
  ['123', '456', '123@456'],
  ['0', '0', '0@0'],
  ['default', '9'.repeat(64), `default@${'9'.repeat(64)}`],
  ['a-b_c', 'd--e', 'a-b_c@d--e'],
  ['n', 'x'.repeat(125), `n@${'x'.repeat(125)}`],
];

for (const [namespace, id, name] of names) {
  test(`${namespace}/${id} is the jail ${name}, and back`, () => {
    const key = { namespace, id };
    assert.equal(jailName(key), name);
    assert.deepEqual(parseJailName(name), { key });
    assert.deepEqual(parseJailName(`pod@1.${name}`), { key });
    assert.ok(isJailOf(key, name));
    assert.ok(isJailOf(key, `some.parent.${name}`));
    checkJailName('name', name);
  });
}

test('a name that would be too long is a digest and the end of the id', () => {
  for (const [namespace, id] of [
    ['n', 'x'.repeat(126)],
    ['n'.repeat(128), `${'.x'.repeat(60).slice(1)}end`],
    ['n'.repeat(126), 'i'],
  ] as const) {
    const name = jailName({ namespace, id });
    assert.match(name, /^@[0-9a-f]{64}@/);
    assert.ok(name.length <= longestOwnName);
    assert.ok(name.endsWith(id.slice(-10).replaceAll('.', '+')));
    assert.deepEqual(parseJailName(name), { digest: name.slice(1, 65) });
    assert.ok(isJailOf({ namespace, id }, `p.${name}`));
    checkJailName('name', name);
  }
});

test('keys that look alike have names of their own', () => {
  const long = 'l'.repeat(128);
  const keys = [
    ['a', 'b'],
    ['a.b', 'c'],
    ['a', 'b.c'],
    ['a-b', 'c'],
    ['a', 'b-c'],
    ['a_b', 'c'],
    ['A', 'b'],
    ['ab', 'c'],
    ['a', 'bc'],
    [long, long],
    [long, `${long.slice(1)}m`],
    [`${long.slice(1)}m`, long],
    ['a', long],
    [long, 'a'],
  ].map(([namespace = '', id = '']) => ({ namespace, id }));
  for (const { namespace, id } of keys) {
    checkIdentifier('namespace', namespace);
    checkIdentifier('id', id);
  }
  assert.equal(new Set(keys.map(jailName)).size, keys.length);
});

const foreign = [
  '',
  '1',
  'web',
  '@',
  'a@',
  '@a',
  'a@b@c',
  'a@b.c',
  'a@b:c',
  'a@-b',
  'a@+b',
  'ä@b',
  `@${'0'.repeat(63)}@x`,
  `@${'0'.repeat(64)}`,
  `@${'G'.repeat(64)}@x`,
  `a@${'b'.repeat(126)}`,
];

for (const name of foreign) {
  test(`the jail ${JSON.stringify(name)} is none of ours`, () => {
    assert.equal(parseJailName(name), undefined);
  });
}

test('a child’s full name has to fit', () => {
  assert.equal(childName(undefined, 'a@b'), 'a@b');
  assert.equal(childName('p@q', 'a@b'), 'p@q.a@b');
  const longest = jailName({ namespace: 'n'.repeat(128), id: 'i' });
  assert.equal(longest.length <= longestOwnName, true);
  assert.equal(childName('p'.repeat(longestOwnName), 'c'.repeat(longestOwnName)).length, 255);
  assert.throws(() => childName('p'.repeat(200), 'c'.repeat(55)), {
    kind: 'invalid',
    message: /^jail p+\.c+: the name has more than 255 characters$/,
  });
});
