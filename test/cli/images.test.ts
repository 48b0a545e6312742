import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openContent } from '../../src/image/content/content.js';
import { hostPlatform } from '../../src/image/platform.js';
import { inFolder } from '../image/content/place.js';
import { makeCertificates } from '../image/registry/certificates.js';
import { startRegistry } from '../image/registry/docker-registry.js';
import { into, makeImage } from '../image/registry/images.js';

const missing = ['docker-registry', 'htpasswd', 'openssl'].filter(
  (program) => spawnSync('which', [program]).status !== 0,
);
const skip =
  process.getuid?.() !== 0
    ? 'needs root'
    : missing.length > 0
      ? `not installed here: ${missing.join(', ')}`
      : false;

const program = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const user = { name: 'jane', password: 'a secret' };

interface Done {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

interface World {
  readonly folder: string;
  readonly host: string;
  readonly jailer: (words: readonly string[], input?: string) => Promise<Done>;
}

/** A registry with TLS and a password, and `jailer` with a data directory, a configuration and a home of its own. */
const inWorld = (t: TestContext, body: (world: World) => Promise<void>): Promise<void> =>
  inFolder(async (folder) => {
    const tls = await makeCertificates(folder);
    const registry = await startRegistry(join(folder, 'registry'), { tls, user });
    t.after(() => registry.stop());
    const configuration = join(folder, 'shim.toml');
    await writeFile(configuration, `[registries."${registry.host}"]\nca_file = "${tls.ca}"\n`);
    const env = {
      PATH: process.env['PATH'],
      HOME: folder,
      DOCKER_CONFIG: join(folder, 'docker'),
      CONTAINERD_SHIM_JAIL_CONFIG: configuration,
    };
    const jailer = (words: readonly string[], input = ''): Promise<Done> =>
      new Promise((resolve) => {
        const args = [program, '--data-dir', join(folder, 'data'), ...words];
        const child = execFile(process.execPath, args, { env }, (error, out, err) => {
          resolve({ code: error === null ? 0 : Number(error.code), out, err });
        });
        child.stdin?.end(input);
      });
    await body({ folder, host: registry.host, jailer });
    await registry.stop();
  });

test('from logging in over push and pull to rmi and logging out', { skip }, (t) =>
  inWorld(t, async ({ folder, host, jailer }) => {
    const ok = async (words: readonly string[], input?: string): Promise<string> => {
      const { code, out, err } = await jailer(words, input);
      assert.equal(`${code} ${err.replace(/^jailer: .* a credsStore there keeps it safer\n/, '')}`, '0 ');
      return out;
    };
    const refused = async (words: readonly string[], message: RegExp, input?: string): Promise<void> => {
      const { code, out, err } = await jailer(words, input);
      assert.match(err, message);
      assert.deepEqual([code, out, err.trimEnd().includes('\n')], [125, '', false]);
    };

    const content = await openContent(join(folder, 'data'));
    const { manifest } = await makeImage(into(content.blobs), { platform: hostPlatform() });
    content.images.set('docker.io/library/web:1', manifest);
    await content.close();

    const name = `${host}/team/web:2`;
    await refused(['push', 'web:1', name], /wants credentials, and there are none for it: log in/);
    const login = ['login', '-u', user.name, '--password-stdin', host];
    await refused(login, /refuses the credentials of user "jane" \(what was entered\)/, 'wrong\n');
    await refused(['login', host], /there is no terminal to ask on/);
    const kept = join(folder, 'docker', 'config.json');
    assert.equal(await ok(login, `${user.password}\n`), `${host}: logged in as jane; kept in ${kept}\n`);

    assert.equal(await ok(['push', 'web:1', name]), `${name} ${manifest.digest}\n`);
    await refused(['rmi', 'nothing'], /there is no image docker.io\/library\/nothing:latest here/);
    assert.equal(await ok(['rmi', 'web:1']), 'docker.io/library/web:1\n');
    assert.equal(await ok(['images', '-q']), '');
    await refused(['pull', `${host}/team/web:3`], /HTTP 404\): MANIFEST_UNKNOWN: manifest unknown$/m);
    assert.equal(await ok(['pull', name]), `${name} ${manifest.digest}\n`);
    await ok(['tag', name, 'other']);
    assert.equal(await ok(['images', '-q']), `docker.io/library/other:latest\n${name}\n`);
    const listed = JSON.parse((await ok(['images', '--format', 'json', name])).trimEnd()) as {
      digest: string;
    };
    assert.equal(listed.digest, manifest.digest);
    assert.match(await ok(['images']), /^NAME .*PLATFORMS .*SIZE\ndocker.io\/library\/other:latest +sha256:/);

    assert.equal(await ok(['logout', host]), `${host}: forgotten in ${kept}\n`);
    assert.deepEqual(JSON.parse(await readFile(kept, 'utf8')), { auths: {} });
    await refused(['logout', host], /nothing is known of localhost/);
    await refused(['pull', '--platform', 'plan9/mips', name], /wants credentials/);
  }),
);

test(
  'a registry that is down, a name that is none and a full name that is wrong are one line',
  { skip },
  () =>
    inFolder(async (folder) => {
      await mkdir(join(folder, 'data'));
      const run = (...words: string[]): string => {
        const args = [program, '--data-dir', join(folder, 'data'), ...words];
        const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
        assert.equal(status, 125);
        return stderr;
      };
      assert.match(
        run('pull', 'localhost:1/a'),
        /^jailer: resolving localhost:1\/a:latest: localhost:1: connection refused: is the registry up, .*\n$/,
      );
      assert.match(run('pull', 'A/B'), /^jailer: "A\/B" is no image name: .*\n$/);
      assert.match(run('login', 'a/b'), /^jailer: "a\/b" is no registry: it is a host, or host:port\n$/);
    }),
);
