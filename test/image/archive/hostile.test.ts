import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { suite, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { sha256 } from '../../../src/image/digest.js';
import type { ImageErrorKind } from '../../../src/image/error.js';
import { blobsIn, ingestIn, noise, withContent } from '../content/place.js';
import { load, tarOf, type Entry } from './tars.js';

const layout: Entry = { name: 'oci-layout', body: '{"imageLayoutVersion":"1.0.0"}' };
const index = (...manifests: unknown[]): Entry => ({
  name: 'index.json',
  body: JSON.stringify({ schemaVersion: 2, manifests }),
});
const manifestJson = (...items: unknown[]): Entry => ({ name: 'manifest.json', body: JSON.stringify(items) });
const blob = (body: string | Buffer): Entry => ({ name: `blobs/sha256/${sha256(body).slice(7)}`, body });
const described = (body: string, mediaType = 'application/vnd.oci.image.manifest.v1+json'): object => ({
  mediaType,
  digest: sha256(body),
  size: body.length,
});

const layer = 'layer';
const config = JSON.stringify({ rootfs: { type: 'layers', diff_ids: [sha256(layer)] } });
const ofImage = (type: string): string => `application/vnd.oci.image.${type}`;
const manifest = (members: object = {}): string =>
  JSON.stringify({
    schemaVersion: 2,
    config: described(config, ofImage('config.v1+json')),
    layers: [described(layer, ofImage('layer.v1.tar'))],
    ...members,
  });
const whole = [layout, index(described(manifest())), blob(manifest()), blob(config), blob(layer)];
const item = { Config: 'c.json', RepoTags: ['a:1'], Layers: ['l.tar'] };
const docker = [manifestJson(item), { name: 'c.json', body: config }, { name: 'l.tar', body: layer }];

interface Case {
  readonly what: string;
  readonly entries: readonly Entry[];
  readonly kind: ImageErrorKind;
  readonly message: RegExp;
}
const cases: Case[] = [];
const refused = (what: string, entries: readonly Entry[], kind: ImageErrorKind, message: RegExp): void => {
  cases.push({ what, entries, kind, message });
};

for (const name of ['../x', '/etc/x', 'a/../../x', 'blobs/../../x', '..', 'a/..', `./../x`]) {
  refused(
    `a name that leads out: ${name}`,
    [{ name, body: 'x' }, ...whole],
    'invalid',
    /leads out of the archive$/,
  );
}
for (const linkname of ['../x', '/etc/passwd', '../../x', 'a/../../x']) {
  const link = { name: 'link', linkname, type: 'symlink' } as const;
  refused(`a link that leads out: ${linkname}`, [link, ...whole], 'invalid', /out of the archive$/);
  const hard = { ...link, type: 'link' } as const;
  refused(`a hard link that leads out: ${linkname}`, [hard, ...whole], 'invalid', /out of the archive$/);
}
for (const type of ['character-device', 'block-device', 'fifo'] as const) {
  refused(`a ${type}`, [{ name: 'x', type }, ...whole], 'invalid', /which no archive of images has$/);
}
refused('a name of 2000 characters', [{ name: 'x'.repeat(2000), body: '' }], 'exhausted', /1000/);
for (const twice of [layout, blob(layer), { name: './oci-layout', body: '{}' }]) {
  refused(`${twice.name} twice`, [...whole, twice], 'invalid', /is there twice$/);
}
refused(
  'a file where a directory is',
  [
    { name: 'a/', type: 'directory' },
    { name: 'a', body: 'x' },
  ],
  'invalid',
  /twice/,
);
refused('bytes of another digest', [...whole, { ...blob('x'), body: 'y' }], 'corrupt', /has the digest/);
refused(
  'a link in place of a document',
  [{ name: 'oci-layout', type: 'symlink', linkname: 'a' }],
  'invalid',
  /neither/,
);
refused('a document that is too long', [{ ...layout, body: Buffer.alloc(4194305) }], 'exhausted', /too many/);
refused('no documents', [blob('x')], 'invalid', /no archive of images/);
refused('nothing', [], 'invalid', /no archive of images/);
refused('an index alone', [index(described(manifest()))], 'invalid', /no archive of images/);
refused(
  'a layout of another version',
  [{ ...layout, body: '{"imageLayoutVersion":"9"}' }, index()],
  'unsupported',
  /"9"/,
);
refused('a layout that is no JSON', [{ ...layout, body: '{' }, index()], 'invalid', /no JSON/);
refused('an index that is no JSON', [layout, { name: 'index.json', body: 'x' }], 'invalid', /no JSON/);
refused('an index of nothing', [layout, index()], 'not-found', /names no image/);
refused(
  'an index of strange things',
  [layout, index(described('x', 'text/x'))],
  'not-found',
  /names no image/,
);
refused(
  'an index with a digest that is none',
  [layout, index({ ...described(''), digest: '../x' })],
  'invalid',
  /no sha256/,
);
refused('a manifest that is missing', [layout, index(described('no'))], 'not-found', /is missing$/);
refused('a manifest that is no JSON', [layout, index(described('no')), blob('no')], 'invalid', /no JSON/);
refused('a layer that is missing', whole.slice(0, -1), 'not-found', /is missing$/);
refused('a configuration that is missing', whole.toSpliced(3, 1), 'not-found', /is missing$/);
refused(
  'a manifest of another size',
  [layout, index({ ...described(manifest()), size: 1 }), ...whole.slice(2)],
  'not-found',
  /is missing$/,
);
const strange = (members: object): Entry[] => {
  const document = manifest(members);
  return [layout, index(described(document)), blob(document), blob(config), blob(layer)];
};
refused(
  'a chart',
  strange({ config: described(config, 'application/vnd.cncf.helm.config.v1+json') }),
  'unsupported',
  /helm/,
);
refused(
  'a layer of a strange type',
  strange({ layers: [described(layer, 'text/x')] }),
  'unsupported',
  /text\/x/,
);
refused('too few layers', strange({ layers: [] }), 'invalid', /has 0 layers, its configuration tells of 1$/);
refused(
  'a manifest that says it is an index',
  strange({ mediaType: ofImage('index.v1+json') }),
  'invalid',
  /but came as/,
);
const nested = ((): Entry[] => {
  const entries: Entry[] = [];
  let [document, type] = [manifest(), ofImage('manifest.v1+json')];
  for (let depth = 0; depth < 12; depth++) {
    entries.push(blob(document));
    document = JSON.stringify({ schemaVersion: 2, manifests: [described(document, type)] });
    type = ofImage('index.v1+json');
  }
  return [layout, index(described(document, type)), blob(document), blob(config), blob(layer), ...entries];
})();
refused('indexes of indexes without end', nested, 'invalid', /indexes deep$/);

refused('a manifest.json that is no list', [{ name: 'manifest.json', body: '{}' }], 'invalid', /no list/);
refused('a manifest.json that is no JSON', [{ name: 'manifest.json', body: '[' }], 'invalid', /no JSON/);
refused('a manifest.json of nothing', [manifestJson()], 'not-found', /names no image/);
refused(
  'a configuration that leads out',
  [manifestJson({ ...item, Config: '../c' })],
  'invalid',
  /leads out/,
);
refused(
  'a layer that leads out',
  [...docker.slice(1), manifestJson({ ...item, Layers: ['/l'] })],
  'invalid',
  /leads out/,
);
refused(
  'a layer of docker that is missing',
  docker.slice(0, 2),
  'invalid',
  /refers to "l\.tar", which is missing$/,
);
refused(
  'a configuration of docker that is missing',
  docker.slice(0, 1),
  'invalid',
  /"c\.json", which is missing$/,
);
refused(
  'another layer',
  [...docker.slice(0, 2), { name: 'l.tar', body: 'other' }],
  'corrupt',
  /its image says/,
);
refused(
  'more layers',
  [manifestJson({ ...item, Layers: ['l.tar', 'l.tar'] }), ...docker.slice(1)],
  'invalid',
  /of 2$/,
);
refused(
  'a tag that is none',
  [manifestJson({ ...item, RepoTags: ['A B'] }), ...docker.slice(1)],
  'invalid',
  /"A B"/,
);
const digestName = `${'a'.repeat(64)}.json`;
refused(
  'a configuration of another digest',
  [manifestJson({ ...item, Config: digestName }), { name: digestName, body: config }, ...docker.slice(2)],
  'corrupt',
  /has the digest/,
);
refused(
  'a ring of links',
  [
    manifestJson(item),
    { name: 'c.json', type: 'symlink', linkname: 'd.json' },
    { name: 'd.json', type: 'symlink', linkname: 'c.json' },
  ],
  'invalid',
  /link to a link/,
);
refused(
  'a layer in xz',
  [...docker.slice(0, 2), { name: 'l.tar', body: Buffer.from('fd377a585a00', 'hex') }],
  'unsupported',
  /xz$/,
);

suite('archives that are refused', () => {
  test('what they are made of is loaded', async () => {
    await withContent(async (content) => {
      for (const good of [whole, docker]) assert.equal((await load(content, await tarOf(good))).length, 1);
    });
  });

  for (const { what, entries, kind, message } of cases) {
    test(what, async () => {
      await withContent(async (content, data) => {
        await assert.rejects(load(content, await tarOf(entries)), (error: Error & { kind: string }) => {
          assert.match(error.message, message);
          assert.match(error.message, /^x\.tar: [^\n]+$/);
          assert.equal(error.kind, kind, error.message);
          return true;
        });
        await nothingElse(data);
      });
    });
  }

  const damaged: [string, () => Promise<Buffer>, ImageErrorKind, RegExp][] = [
    ['no tar', () => Promise.resolve(noise(10_000)), 'invalid', /^x\.tar: /],
    ['an empty file', () => Promise.resolve(Buffer.alloc(0)), 'invalid', /no archive of images/],
    ['a tar that is cut off', async () => (await tarOf(whole)).subarray(0, 700), 'corrupt', /ends within/],
    [
      'one cut off within a blob',
      async () => (await tarOf([blob(noise(5000))])).subarray(0, 3000),
      'corrupt',
      /ends/,
    ],
    [
      'gzip that is cut off',
      async () => gzipSync(await tarOf(whole)).subarray(0, -20),
      'corrupt',
      /cut off$/,
    ],
    [
      'zstd that is damaged',
      () => Promise.resolve(Buffer.concat([Buffer.from('28b52ffd', 'hex'), Buffer.alloc(1000, 0xff)])),
      'corrupt',
      /damaged or cut off$/,
    ],
    ['gzip of no tar', () => Promise.resolve(gzipSync(noise(10_000))), 'invalid', /^x\.tar: /],
  ];
  for (const [what, bytes, kind, message] of damaged) {
    test(what, async () => {
      await withContent(async (content, data) => {
        await assert.rejects(load(content, await bytes()), { kind, message });
        await nothingElse(data);
      });
    });
  }
});

/** Blobs that an archive brought are blobs; all else is where it was. */
async function nothingElse(data: string): Promise<void> {
  for (const digest of await blobsIn(data)) assert.match(digest, /^sha256:[0-9a-f]{64}$/);
  assert.deepEqual(
    (await ingestIn(data)).filter((name) => !name.startsWith('hold-')),
    [],
  );
  assert.deepEqual(await readdir(dirname(data)), ['data']);
  const known = ['blobs', 'images.db', 'index.json', 'ingest', 'oci-layout'];
  assert.deepEqual((await readdir(data)).filter((name) => !name.startsWith('images.db-')).sort(), known);
}
