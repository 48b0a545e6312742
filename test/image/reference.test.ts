import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatReference, parseReference, shortReference } from '../../src/image/reference.js';

const digest = `sha256:${'a'.repeat(64)}`;

const whole: readonly (readonly [string, string, string])[] = [
  ['alpine', 'docker.io/library/alpine:latest', 'alpine:latest'],
  ['alpine:3.20', 'docker.io/library/alpine:3.20', 'alpine:3.20'],
  ['user/image', 'docker.io/user/image:latest', 'user/image:latest'],
  ['docker.io/alpine', 'docker.io/library/alpine:latest', 'alpine:latest'],
  ['index.docker.io/user/image:1', 'docker.io/user/image:1', 'user/image:1'],
  ['localhost/image', 'localhost/image:latest', 'localhost/image:latest'],
  ['localhost:5000/image', 'localhost:5000/image:latest', 'localhost:5000/image:latest'],
  ['[::1]:5000/a/b:x', '[::1]:5000/a/b:x', '[::1]:5000/a/b:x'],
  ['ghcr.io/a/b/c:v1.2_3-x', 'ghcr.io/a/b/c:v1.2_3-x', 'ghcr.io/a/b/c:v1.2_3-x'],
  ['example.org/a--b/c__d/e.f', 'example.org/a--b/c__d/e.f:latest', 'example.org/a--b/c__d/e.f:latest'],
  [`alpine@${digest}`, `docker.io/library/alpine@${digest}`, `alpine@${digest}`],
  [`host:1/a:t@${digest}`, `host:1/a:t@${digest}`, `host:1/a:t@${digest}`],
  ['Registry/image', 'Registry/image:latest', 'Registry/image:latest'],
];

for (const [written, full, short] of whole) {
  test(`${written} is ${full}`, () => {
    const reference = parseReference(written);
    assert.equal(formatReference(reference), full);
    assert.equal(shortReference(reference), short);
    assert.deepEqual(parseReference(full), reference);
    assert.deepEqual(parseReference(short), reference);
  });
}

const refused: readonly (readonly [string, RegExp])[] = [
  ['', /no part of a repository/],
  ['Alpine', /must be lower case/],
  ['a//b', /"" is no part/],
  ['a/../b', /".." is no part/],
  ['-a', /no part/],
  ['a:b c', /no tag/],
  [`a:${'x'.repeat(129)}`, /no tag/],
  ['a:', /"" is no tag/],
  ['a@sha256:12', /no sha256 or sha512 digest/],
  ['host.example/', /no repository/],
  ['ho_st.example/a', /no registry/],
  ['host:123456/a', /no registry/],
  [`host.example/${'a'.repeat(255)}`, /more than 255 characters/],
  ['a\u0000b', /no part/],
  ['https://host/a', /no (registry|tag|part)/],
];

for (const [written, why] of refused) {
  test(`${JSON.stringify(written).slice(0, 40)} is refused`, () => {
    assert.throws(
      () => parseReference(written),
      (error: Error) => error.name === 'ImageError' && why.test(error.message) && !/\n/.test(error.message),
    );
  });
}
