import assert from 'node:assert/strict';
import { test } from 'node:test';
import { originOf, sourcesOf } from '../../../src/image/registry/endpoint.js';
import { readRegistries } from '../../../src/image/registry/settings.js';

test('mirrors come first, in their order, and have the settings of their hosts', () => {
  const settings = readRegistries({
    'docker.io': { mirrors: ['https://one.example', 'two.lan:5000/hub/', 'http://three.lan'] },
    'two.lan:5000': { plain_http: true },
  });
  assert.deepEqual(sourcesOf('docker.io', settings), [
    { host: 'one.example', scheme: 'https', authority: 'one.example', path: '' },
    { host: 'two.lan:5000', scheme: 'http', authority: 'two.lan:5000', path: '/hub' },
    { host: 'three.lan', scheme: 'http', authority: 'three.lan', path: '' },
    { host: 'docker.io', scheme: 'https', authority: 'registry-1.docker.io', path: '' },
  ]);
  assert.equal(originOf('docker.io', settings).host, 'docker.io');
});

const schemes: readonly (readonly [string, string])[] = [
  ['localhost', 'auto'],
  ['localhost:5000', 'auto'],
  ['127.3.2.1:5000', 'auto'],
  ['[::1]:5000', 'auto'],
  ['127.0.0.1.example', 'https'],
  ['localhost.example:80', 'https'],
  ['registry.lan:80', 'https'],
];
for (const [host, scheme] of schemes) {
  test(`${host} is spoken to in ${scheme}`, () => {
    assert.equal(originOf(host, new Map()).scheme, scheme);
  });
}

const wrong: readonly (readonly [unknown, RegExp])[] = [
  [3, /^registries is no table$/],
  [{ 'a b': {} }, /^registries."a b" is no host/],
  [{ a: [] }, /^registries."a" is no table$/],
  [{ a: { plain_htp: true } }, /^registries."a" has an unknown key "plain_htp"$/],
  [{ a: { plain_http: 'yes' } }, /^registries."a".plain_http is neither true nor false$/],
  [{ a: { ca_file: 'x.pem' } }, /^registries."a".ca_file is no absolute path$/],
  [{ a: { ca_file: '/x\0' } }, /^registries."a".ca_file is no absolute path$/],
  [{ a: { client_cert: '/x' } }, /needs client_cert and client_key together$/],
  [{ a: { plain_http: true, skip_verify: true } }, /has plain_http, and what is for TLS$/],
  [{ a: { mirrors: 'b' } }, /^registries."a".mirrors is no list/],
  [{ a: { mirrors: ['ftp://b'] } }, /"ftp:\/\/b" is no mirror/],
  [{ a: { mirrors: ['https://u:p@b'] } }, /is no mirror/],
  [{ a: { mirrors: ['b/../c?d'] } }, /is no mirror/],
];
for (const [value, message] of wrong) {
  test(`refused: ${JSON.stringify(value)}`, () => {
    assert.throws(() => readRegistries(value), { kind: 'invalid', message });
  });
}
