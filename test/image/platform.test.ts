import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Descriptor, Platform } from '../../src/image/descriptor.js';
import { sha256 } from '../../src/image/digest.js';
import { ociManifest } from '../../src/image/media-types.js';
import { choosePlatform, parsePlatformName, platformName } from '../../src/image/platform.js';

const host: Platform = { os: 'freebsd', architecture: 'amd64', osVersion: '14.2' };

const names: readonly (readonly [string, string])[] = [
  ['linux', 'linux/amd64'],
  ['freebsd', 'freebsd/amd64'],
  ['arm64', 'freebsd/arm64/v8'],
  ['linux/aarch64', 'linux/arm64/v8'],
  ['linux/arm/v6', 'linux/arm/v6'],
  ['Linux/x86_64', 'linux/amd64'],
  ['linux/armhf', 'linux/arm/v7'],
];
for (const [written, meant] of names) {
  test(`${written} is ${meant}`, () => {
    assert.equal(platformName(parsePlatformName(written, host)), meant);
  });
}
for (const written of ['', 'a/b/c/d', 'linux//', 'linux/am d64', 'linux/\u0000']) {
  test(`${JSON.stringify(written)} is no platform`, () => {
    assert.throws(() => parsePlatformName(written, host), /is no platform/);
  });
}

/** An index's entries: `os/architecture[/variant][@version]`. */
function offers(...platforms: readonly string[]): Descriptor[] {
  return platforms.map((text) => {
    const [name = '', osVersion] = text.split('@');
    const [os = '', architecture = '', variant] = name.split('/');
    const platform = { os, architecture, ...(variant && { variant }), ...(osVersion && { osVersion }) };
    return { mediaType: ociManifest, digest: sha256(text), size: 1, platform };
  });
}

const choices: readonly (readonly [string, readonly string[], number])[] = [
  ['linux/amd64', ['linux/arm64/v8', 'linux/amd64'], 1],
  ['linux/arm64', ['linux/arm64'], 0],
  ['linux/arm64', ['linux/amd64', 'linux/arm64/v8'], 1],
  ['linux/arm/v7', ['linux/arm/v5', 'linux/arm/v6', 'linux/arm64/v8'], 1],
  ['linux/arm/v7', ['linux/arm/v6', 'linux/arm/v7'], 1],
  ['freebsd/amd64@14.2', ['freebsd/amd64@13.4', 'freebsd/amd64@14.2'], 1],
  ['freebsd/amd64@14.2', ['freebsd/amd64@15.0', 'freebsd/amd64'], 1],
  ['freebsd/amd64@14.2', ['linux/amd64', 'freebsd/amd64'], 1],
  ['linux/amd64', ['linux/amd64', 'linux/amd64'], 0],
];
for (const [want, there, which] of choices) {
  test(`${want} of ${there.join(', ')} is the entry ${which}`, () => {
    const manifests = offers(...there);
    const [wanted] = offers(want);
    assert(wanted?.platform);
    assert.equal(choosePlatform([wanted.platform], manifests, 'x'), manifests[which]);
  });
}

test('the second choice is taken when there is no first', () => {
  const manifests = offers('linux/arm64', 'linux/amd64');
  const wanted = ['freebsd', 'linux'].map((name) => parsePlatformName(name, host));
  assert.equal(choosePlatform(wanted, manifests, 'x'), manifests[1]);
});

test('an index without the platform says what it has, and not of attestations', () => {
  const manifests = offers('linux/arm/v7', 'unknown/unknown', 'linux/s390x');
  assert.throws(() => choosePlatform([host], manifests, 'alpine:latest'), {
    message: 'alpine:latest has no image for freebsd/amd64 (14.2), only for linux/arm/v7, linux/s390x',
  });
});

test('an older arm is not given what a newer one needs', () => {
  assert.throws(() => choosePlatform([parsePlatformName('linux/arm/v6')], offers('linux/arm/v7'), 'x'));
});
