import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/image/config.js';
import { descriptorToJson, parseDescriptor } from '../../src/image/descriptor.js';
import { sha256 } from '../../src/image/digest.js';
import * as types from '../../src/image/media-types.js';
import { parseManifest, requireRunnable } from '../../src/image/manifest.js';

const layer = { mediaType: `${types.ociLayer}+gzip`, digest: sha256('layer'), size: 5 };
const config = { mediaType: types.ociConfig, digest: sha256('config'), size: 6 };
const image = { schemaVersion: 2, mediaType: types.ociManifest, config, layers: [layer] };

test('a manifest is read, of OCI and of Docker', () => {
  for (const mediaType of [types.ociManifest, types.dockerManifest]) {
    const found = parseManifest(JSON.stringify({ ...image, mediaType }), mediaType, 'x');
    assert(found.kind === 'manifest');
    assert.deepEqual([found.config, ...found.layers], [config, layer]);
  }
});

test('an OCI document need not say what it is', () => {
  const found = parseManifest(JSON.stringify({ ...image, mediaType: undefined }), types.ociManifest, 'x');
  assert.equal(found.kind, 'manifest');
});

test('a descriptor is written as it was read', () => {
  const platform = {
    architecture: 'arm',
    os: 'linux',
    'os.version': '1',
    'os.features': ['a'],
    variant: 'v7',
  };
  const document = { ...layer, urls: ['https://example.org/l'], annotations: { a: 'b' }, platform };
  assert.deepEqual(descriptorToJson(parseDescriptor(document, 'x')), document);
});

const broken: readonly (readonly [string, unknown, string | undefined, RegExp])[] = [
  ['no JSON', '{', types.ociManifest, /^x is no JSON: /],
  ['a list', [], types.ociManifest, /^x is no object$/],
  [
    'two types',
    { ...image, mediaType: types.ociIndex },
    types.ociManifest,
    /^x is a .*index.*, but came as a /,
  ],
  ['an unknown type', { mediaType: 'text/html' }, undefined, /"text\/html", no image$/],
  ['no type', { config, layers: [] }, undefined, /"", no image$/],
  [
    'an index that is a manifest as well',
    { mediaType: types.ociIndex, manifests: [], layers: [] },
    undefined,
    /but has layers$/,
  ],
  ['a manifest that is an index as well', { ...image, manifests: [] }, undefined, /but has manifests$/],
  ['schema 1', { ...image, fsLayers: [] }, undefined, /but has fsLayers$/],
  ['no config', { ...image, config: undefined }, undefined, /^x: config is no object$/],
  ['no layers', { ...image, layers: undefined }, undefined, /^x: layers is no list$/],
  ['a layer of text', { ...image, layers: ['a'] }, undefined, /^x: layers\[0\] is no object$/],
  [
    'a digest of another algorithm',
    { ...image, config: { ...config, digest: 'md5:12' } },
    undefined,
    /config\.digest: "md5:12" is no sha256/,
  ],
  [
    'a digest that leads elsewhere',
    { ...image, config: { ...config, digest: 'sha256:../../etc/passwd' } },
    undefined,
    /is no sha256/,
  ],
  [
    'a size below nothing',
    { ...image, config: { ...config, size: -1 } },
    undefined,
    /config\.size is no whole number/,
  ],
  [
    'a size of text',
    { ...image, config: { ...config, size: '6' } },
    undefined,
    /config\.size is no whole number/,
  ],
  [
    'a size beyond all',
    { ...image, config: { ...config, size: 2 ** 60 } },
    undefined,
    /config\.size is no whole number/,
  ],
  [
    'annotations that are no text',
    { ...image, annotations: { a: 1 } },
    undefined,
    /^x: annotations\.a is no text$/,
  ],
];
for (const [what, document, told, why] of broken) {
  test(`a manifest with ${what} is refused`, () => {
    const text = typeof document === 'string' ? document : JSON.stringify(document);
    assert.throws(() => parseManifest(text, told, 'x'), { name: 'ImageError', message: why });
  });
}

test('what is no image of a container is refused by what it holds', () => {
  const chart = { ...image, config: { ...config, mediaType: 'application/vnd.cncf.helm.config.v1+json' } };
  const sealed = { ...image, layers: [{ ...layer, mediaType: `${types.ociLayer}+gzip+encrypted` }] };
  for (const [document, why] of [
    [chart, /^x holds a application\/vnd\.cncf\.helm/],
    [sealed, /^x has a layer of type .*encrypted$/],
  ] as const) {
    const found = parseManifest(JSON.stringify(document), undefined, 'x');
    assert(found.kind === 'manifest');
    assert.throws(
      () => {
        requireRunnable(found, 'x');
      },
      { name: 'ImageError', message: why },
    );
  }
});

const document = {
  architecture: 'amd64',
  os: 'freebsd',
  rootfs: { type: 'layers', diff_ids: [sha256('a')] },
};

test('a configuration without more has none of the rest', () => {
  const found = parseConfig(JSON.stringify({ ...document, config: null, history: null }), 'x');
  assert.deepEqual([found.execution.cmd, found.history, found.diffIds], [[], [], [sha256('a')]]);
});

test('a configuration is read whole', () => {
  const { execution, platform, history } = parseConfig(
    JSON.stringify({
      ...document,
      'os.version': '14.2',
      config: {
        User: 'www:80',
        Env: ['A=b'],
        Entrypoint: ['/e'],
        Cmd: null,
        WorkingDir: '/w',
        Labels: { l: 'm' },
        StopSignal: 'SIGINT',
        ExposedPorts: { '80/tcp': {} },
        Volumes: { '/data': {} },
        Healthcheck: { Test: ['NONE'], Interval: 1, Retries: 2 },
      },
      history: [{ created_by: 'RUN x', empty_layer: true }],
    }),
    'x',
  );
  assert.equal(platform.osVersion, '14.2');
  assert.deepEqual(execution, {
    user: 'www:80',
    env: ['A=b'],
    entrypoint: ['/e'],
    cmd: [],
    workingDirectory: '/w',
    labels: new Map([['l', 'm']]),
    stopSignal: 'SIGINT',
    exposedPorts: ['80/tcp'],
    volumes: ['/data'],
    shell: [],
    onBuild: [],
    healthCheck: { test: ['NONE'], interval: 1, retries: 2 },
  });
  assert.deepEqual(history, [{ createdBy: 'RUN x', emptyLayer: true }]);
});

const brokenConfigs: readonly (readonly [string, unknown, RegExp])[] = [
  ['no rootfs', { ...document, rootfs: undefined }, /^x: rootfs is no object$/],
  ['a rootfs of another type', { ...document, rootfs: { type: 'blocks' } }, /rootfs\.type is not "layers"/],
  [
    'a diff id of text',
    { ...document, rootfs: { type: 'layers', diff_ids: ['a'] } },
    /diff_ids\[0\]: "a" is no sha256/,
  ],
  ['Env of numbers', { ...document, config: { Env: [1] } }, /^x: config\.Env\[0\] is no text$/],
  ['Cmd of text', { ...document, config: { Cmd: 'sh' } }, /^x: config\.Cmd is no list$/],
  ['a NUL', { ...document, config: { User: 'a\0b' } }, /^x: config\.User holds a NUL$/],
];
for (const [what, broken, why] of brokenConfigs) {
  test(`a configuration with ${what} is refused`, () => {
    assert.throws(() => parseConfig(JSON.stringify(broken), 'x'), { name: 'ImageError', message: why });
  });
}
