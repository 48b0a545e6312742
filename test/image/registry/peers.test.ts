import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import type { Credentials } from '../../../src/image/registry/credentials/credentials.js';
import { openContent, type Content } from '../../../src/image/content/content.js';
import { parseReference } from '../../../src/image/reference.js';
import type { RegistryClient } from '../../../src/image/registry/client.js';
import { pull } from '../../../src/image/registry/pull.js';
import { usualSetting } from '../../../src/image/registry/settings.js';
import { makeCertificates, type Certificates } from './certificates.js';
import { clientFor } from './client.js';
import { startRegistry, type RegistryServer } from './docker-registry.js';
import { amd64, arm64, into, makeImage, makeIndex } from './images.js';

const run = promisify(execFile);
const missing = ['skopeo', 'docker-registry', 'htpasswd', 'openssl'].filter(
  (program) => spawnSync('which', [program]).status !== 0,
);
const skip = missing.length === 0 ? false : `not installed here: ${missing.join(', ')}`;

const user = { name: 'jane', password: 'sésame: öffne dich' };
const credentials: Credentials = {
  kind: 'password',
  user: user.name,
  password: user.password,
  source: 'the test',
};

suite("Debian's docker-registry, with TLS and passwords", { skip }, () => {
  let directory: string;
  let certificates: Certificates;
  let registry: RegistryServer;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'registry-'));
    certificates = await makeCertificates(directory);
    await mkdir(join(directory, 'trusted'));
    await copyFile(certificates.ca, join(directory, 'trusted', 'ca.crt'));
    registry = await startRegistry(directory, { tls: certificates, user });
  });
  after(async () => {
    await registry.stop();
    await rm(directory, { recursive: true });
  });

  const client = (t: TestContext, known = true): RegistryClient =>
    clientFor(t, {
      settings: new Map([[registry.host, { ...usualSetting, caFile: certificates.ca }]]),
      credentials: () => Promise.resolve(known ? credentials : undefined),
    });
  const content = async (t: TestContext, name: string): Promise<Content> => {
    const opened = await openContent(join(directory, name));
    t.after(() => opened.close());
    return opened;
  };
  const named = (name: string) => parseReference(`${registry.host}/${name}`);
  const skopeo = (...args: string[]): Promise<{ stdout: string }> =>
    run('skopeo', ['--insecure-policy', ...args]);
  const trusting = (side: string): string[] => [
    ...[`--${side}-cert-dir`, join(directory, 'trusted')],
    ...[`--${side}-creds`, `${user.name}:${user.password}`],
  ];

  test('what skopeo pushes is pulled', async (t) => {
    const from = await content(t, 'from-1');
    const made = await makeImage(into(from.blobs));
    from.images.set('localhost/made:1', made.manifest);
    const layout = `oci:${join(directory, 'from-1')}:localhost/made:1`;
    await skopeo('copy', ...trusting('dest'), layout, `docker://${registry.host}/a/b:1`);
    const to = await content(t, 'to-1');
    const found = await pull(named('a/b:1'), { client: client(t), blobs: to.blobs, platforms: [amd64] });
    assert.equal(found.digest, made.manifest.digest);
    for (const blob of [made.manifest, made.config, ...made.layers]) assert(await to.blobs.has(blob));
    assert.deepEqual(await to.verify(), []);
  });

  test('one platform of an index that skopeo pushes is pulled', async (t) => {
    const from = await content(t, 'from-2');
    const put = into(from.blobs);
    const [one, other] = [await makeImage(put), await makeImage(put, { platform: arm64 })];
    const index = await makeIndex(put, [
      [one.manifest, amd64],
      [other.manifest, arm64],
    ]);
    from.images.set('localhost/made:2', index);
    const layout = `oci:${join(directory, 'from-2')}:localhost/made:2`;
    await skopeo('copy', '--all', ...trusting('dest'), layout, `docker://${registry.host}/two:latest`);
    const to = await content(t, 'to-2');
    const found = await pull(named('two'), { client: client(t), blobs: to.blobs, platforms: [arm64] });
    assert.equal(found.digest, index.digest);
    for (const blob of [index, other.manifest, ...other.layers]) assert(await to.blobs.has(blob));
    for (const blob of [one.manifest, ...one.layers]) assert(!(await to.blobs.has(blob)));
  });

  test('without credentials nothing is told', async (t) => {
    const { blobs } = await content(t, 'to-3');
    const asked = pull(named('a/b:1'), { client: client(t, false), blobs, platforms: [amd64] });
    await assert.rejects(asked, {
      kind: 'unauthorized',
      message: `${registry.host} wants credentials, and there are none for it`,
    });
  });

  test('what is not there is said in one line', async (t) => {
    const { blobs } = await content(t, 'to-4');
    const asked = pull(named('a/none:1'), { client: client(t), blobs, platforms: [amd64] });
    await assert.rejects(asked, {
      kind: 'not-found',
      message: /^getting localhost:\d+\/a\/none:1: .*HTTP 404/,
    });
  });
});
