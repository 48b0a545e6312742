import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import type { Credentials } from '../../../src/image/registry/credentials/credentials.js';
import { openContent, type Content } from '../../../src/image/content/content.js';
import { parseReference } from '../../../src/image/reference.js';
import type { RegistryClient } from '../../../src/image/registry/client.js';
import { checkLogin } from '../../../src/image/registry/login.js';
import { pull } from '../../../src/image/registry/pull.js';
import { push } from '../../../src/image/registry/push.js';
import { usualSetting } from '../../../src/image/registry/settings.js';
import { makeCertificates, type Certificates } from './certificates.js';
import { clientFor } from './client.js';
import { startRegistry, type RegistryServer } from './docker-registry.js';
import { blobsIn } from '../content/place.js';
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

  test('what we push, skopeo pulls: the same bytes', async (t) => {
    const from = await content(t, 'from-5');
    const put = into(from.blobs);
    const [one, other] = [await makeImage(put, { docker: true }), await makeImage(put, { platform: arm64 })];
    const entries = [
      [one.manifest, amd64],
      [other.manifest, arm64],
    ] as const;
    for (const docker of [false, true]) {
      const index = await makeIndex(put, entries, docker);
      await push(index, named('pushed:1'), { client: client(t), blobs: from.blobs });
      const layout = join(directory, `skopeo-${docker}`);
      const to = docker ? `dir:${layout}` : `oci:${layout}:a`;
      await skopeo(
        'copy',
        '--all',
        '--preserve-digests',
        ...trusting('src'),
        `docker://${registry.host}/pushed:1`,
        to,
      );
      if (docker)
        assert.deepEqual(await readFile(join(layout, 'manifest.json')), await from.blobs.read(index, 1e6));
      else {
        const blobs = [one, other].flatMap(({ manifest, config, layers }) => [manifest, config, ...layers]);
        assert.deepEqual(await blobsIn(layout), [index, ...blobs].map(({ digest }) => digest).sort());
      }
    }
  });

  test('blobs that the registry has are not sent again, nor those of a repository beside', async (t) => {
    const from = await content(t, 'from-6');
    const made = await makeImage(into(from.blobs), { sizes: [100_000, 100_000] });
    const sent = async (name: string, mountFrom?: string): Promise<number> => {
      let bytes = 0;
      const progress = ({ done, state }: { done: number; state: string }): void => {
        if (state === 'running') bytes += done;
      };
      await push(made.manifest, named(name), {
        ...{ client: client(t), blobs: from.blobs, progress },
        ...(mountFrom !== undefined && { mountFrom }),
      });
      return bytes;
    };
    assert((await sent('whole:1')) > 200_000);
    assert.equal(await sent('whole:2'), 0);
    assert.equal(await sent('beside:1', 'whole'), 0);
    assert((await sent('alone:1', 'nothing')) > 200_000);
    const to = await content(t, 'to-6');
    const found = await pull(named('beside:1'), { client: client(t), blobs: to.blobs, platforms: [amd64] });
    assert.equal(found.digest, made.manifest.digest);
  });

  test('an index of which a platform is missing is not begun', async (t) => {
    const [from, other] = [await content(t, 'from-7'), await content(t, 'other-7')];
    const here = await makeImage(into(from.blobs));
    const there = await makeImage(into(other.blobs), { platform: arm64 });
    const index = await makeIndex(into(from.blobs), [
      [here.manifest, amd64],
      [there.manifest, arm64],
    ]);
    await assert.rejects(push(index, named('part:1'), { client: client(t), blobs: from.blobs }), {
      kind: 'not-found',
      message: /cannot be pushed whole: its image for linux\/arm64 is not in the store; pull it, or push one/,
    });
  });

  test('logging in tells right from wrong', async (t) => {
    await checkLogin(client(t), registry.host);
    const wrong = clientFor(t, {
      settings: new Map([[registry.host, { ...usualSetting, caFile: certificates.ca }]]),
      credentials: () => Promise.resolve({ ...credentials, password: 'guessed' } as Credentials),
    });
    await assert.rejects(checkLogin(wrong, registry.host), (error: Error) => {
      assert.equal(error.message, `${registry.host} refuses the credentials of user "jane" (the test)`);
      assert(!error.message.includes('guessed'));
      return true;
    });
  });

  test('an unknown authority is refused, unless the configuration says to trust any', async (t) => {
    const unknown = clientFor(t, { credentials: () => Promise.resolve(credentials) });
    await assert.rejects(checkLogin(unknown, registry.host), {
      kind: 'unreachable',
      message: /its certificate is of an unknown authority \(ca_file names whom to trust\)$/,
    });
    const warnings: string[] = [];
    const careless = clientFor(t, {
      credentials: () => Promise.resolve(credentials),
      settings: new Map([[registry.host, { ...usualSetting, skipVerify: true }]]),
      warn: (line) => warnings.push(line),
    });
    await checkLogin(careless, registry.host);
    assert.deepEqual(warnings, [`${registry.host}: its certificate is not verified (skip_verify)`]);
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
