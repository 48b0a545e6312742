import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAuthFile } from '../../../src/image/registry/credentials/auth-file.js';
import { authFilePaths, credentialsFrom } from '../../../src/image/registry/credentials/find.js';
import { askHelper } from '../../../src/image/registry/credentials/helper.js';
import { forgetCredentials, keepCredentials } from '../../../src/image/registry/credentials/write.js';
import { inFolder } from '../content/place.js';

const auth = (user: string, password: string): { auth: string } => ({
  auth: Buffer.from(`${user}:${password}`).toString('base64'),
});

/** A credential helper of this shell script; `folder` is then the PATH. */
async function helper(folder: string, name: string, script: string): Promise<NodeJS.ProcessEnv> {
  const path = join(folder, `docker-credential-${name}`);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return { PATH: `${folder}:/bin:/usr/bin` };
}

test('the first file with credentials for a registry counts, and the longest name in it', () =>
  inFolder(async (folder) => {
    const [first, second] = [join(folder, 'a'), join(folder, 'b')];
    await writeFile(first, JSON.stringify({ auths: { 'r.example': {}, 'r.example/team': auth('t', '1') } }));
    await writeFile(
      second,
      JSON.stringify({
        auths: {
          'https://index.docker.io/v1/': auth('hub', 'x:y'),
          'https://r.example/v2/': auth('all', '2'),
        },
      }),
    );
    const find = credentialsFrom([first, join(folder, 'none'), second], {});
    const found = async (host: string, repository: string): Promise<string> => {
      const credentials = await find(host, repository);
      return credentials?.kind === 'password' ? `${credentials.user} ${credentials.password}` : 'none';
    };
    assert.equal(await found('r.example', 'team/app'), 't 1');
    assert.equal(await found('r.example', 'teamwork/app'), 'all 2');
    assert.equal(await found('docker.io', 'library/alpine'), 'hub x:y');
    assert.equal(await found('r.example:5000', 'team/app'), 'none');
    assert.equal(await found('evil-r.example', 'team/app'), 'none');
  }));

test('files are looked for where Docker and Podman have them', () => {
  const environment = { HOME: '/h', DOCKER_CONFIG: '/d', XDG_RUNTIME_DIR: '/r', REGISTRY_AUTH_FILE: '/f' };
  assert.deepEqual(authFilePaths(environment), [
    '/f',
    '/d/config.json',
    '/r/containers/auth.json',
    '/h/.config/containers/auth.json',
  ]);
  assert.deepEqual(authFilePaths({ HOME: '/h' }), [
    '/h/.docker/config.json',
    '/h/.config/containers/auth.json',
  ]);
});

test('tokens of files are tokens', () => {
  const { auths } = parseAuthFile(
    JSON.stringify({
      auths: { a: { identitytoken: 'i' }, b: { registrytoken: 'r' }, c: auth('u\0', 'p\0\0') },
    }),
    'f',
  );
  assert.deepEqual(
    [...auths.values()].map((each) => (each === 'empty' ? each : each.kind)),
    ['identity', 'token', 'password'],
  );
});

const secret = 'c2VjcmV0OnNlY3JldA';
const broken: readonly (readonly [string, RegExp])[] = [
  [`{"auths":{"a":{"auth":"${secret}"}}`, /^credentials f: it is no JSON$/],
  [`"${secret}"`, /is wrong: the document is no object$/],
  [`{"auths":["${secret}"]}`, /is wrong: auths is no object$/],
  [`{"auths":{"a":"${secret}"}}`, /is wrong: a member of auths is no object$/],
  [
    `{"auths":{"a":{"auth":"${Buffer.from('nocolon').toString('base64')}"}}}`,
    /not the base64 of user:password$/,
  ],
  [`{"credsStore":"../${secret}"}`, /names a credential helper that is no program's name$/],
  [`{"credHelpers":{"a":7}}`, /names a credential helper that is no program's name$/],
];
for (const [text, message] of broken) {
  test(`a file that is wrong is named, not quoted: ${message.source}`, () => {
    assert.throws(
      () => parseAuthFile(text, 'f'),
      (error: Error) => message.test(error.message) && !error.message.includes(secret),
    );
  });
}

test('a helper answers with passwords and with tokens, and is asked by the name that Docker uses', () =>
  inFolder(async (folder) => {
    const script =
      'read s; case $s in https://index.docker.io/v1/) u="<token>";; *) u=$s;; esac; echo "{\\"Username\\":\\"$u\\",\\"Secret\\":\\"of $1\\"}"';
    const environment = await helper(folder, 'x', script);
    const file = join(folder, 'config.json');
    await writeFile(file, JSON.stringify({ credsStore: 'x' }));
    const find = credentialsFrom([file], environment);
    const source = 'docker-credential-x';
    assert.deepEqual(await find('r:5', 'a'), { kind: 'password', user: 'r:5', password: 'of get', source });
    assert.deepEqual(await find('docker.io', 'a'), { kind: 'identity', token: 'of get', source });
  }));

test('a helper that has none leaves the file to tell', () =>
  inFolder(async (folder) => {
    const environment = await helper(folder, 'x', 'echo credentials not found in native keychain; exit 1');
    const file = join(folder, 'config.json');
    await writeFile(file, JSON.stringify({ credHelpers: { r: 'x' }, auths: { r: auth('u', 'p') } }));
    assert.equal((await credentialsFrom([file], environment)('r', 'a'))?.source, file);
  }));

const faults: readonly (readonly [string, RegExp])[] = [
  ['echo hello', /^docker-credential-x: its answer is no credentials$/],
  ['echo "{}"', /its answer is no credentials$/],
  ['echo "null"', /its answer is no credentials$/],
  ['echo the agent is locked; exit 1', /^docker-credential-x get: the agent is locked$/],
  ['exec cat /dev/zero', /it says too much$/],
  ['exit 3', /it failed$/],
];
for (const [script, message] of faults) {
  test(`a helper that does ${script} is an error`, () =>
    inFolder(async (folder) => {
      const environment = await helper(folder, 'x', script);
      await assert.rejects(askHelper('x', 'r', environment), { kind: 'failed', message });
    }));
}

test('a helper that does not end is killed, also when a child of it keeps its output open', () =>
  inFolder(async (folder) => {
    const environment = await helper(folder, 'x', 'sleep 30 & sleep 30');
    await assert.rejects(askHelper('x', 'r', environment, 200), {
      message: /did not end within 0.2 seconds$/,
    });
  }));

test('a helper that is not there is an error', async () => {
  await assert.rejects(askHelper('none', 'r', { PATH: '/nowhere' }), { message: /no such program on PATH$/ });
});

test('what is kept is found again, and forgotten; what else is in the file stays', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'new', 'config.json');
    const who = { user: 'u', password: 'p:q' };
    assert.deepEqual(await keepCredentials(path, 'docker.io', who, {}), { where: path, readable: true });
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    const other = { auths: { 'index.docker.io': auth('old', 'o'), a: auth('b', 'c') }, detachKeys: 'x' };
    await writeFile(path, JSON.stringify(other));
    await keepCredentials(path, 'docker.io', who, {});
    assert.deepEqual(JSON.parse(await readFile(path, 'utf8')), {
      auths: { a: auth('b', 'c'), 'https://index.docker.io/v1/': auth('u', 'p:q') },
      detachKeys: 'x',
    });
    assert.equal(await forgetCredentials(path, 'docker.io', {}), true);
    assert.equal(await forgetCredentials(path, 'docker.io', {}), false);
    assert.deepEqual(JSON.parse(await readFile(path, 'utf8')), {
      auths: { a: auth('b', 'c') },
      detachKeys: 'x',
    });
  }));

test('a link to the file stays a link', () =>
  inFolder(async (folder) => {
    const [real, link] = [join(folder, 'real'), join(folder, 'link')];
    await writeFile(real, '{}');
    await symlink(real, link);
    await keepCredentials(link, 'r', { user: 'u', password: 'p' }, {});
    assert.deepEqual(JSON.parse(await readFile(real, 'utf8')), { auths: { r: auth('u', 'p') } });
  }));

test('a helper keeps and forgets, and the file has no password then', () =>
  inFolder(async (folder) => {
    await mkdir(join(folder, 'kept'));
    const environment = await helper(folder, 'x', `cat > ${folder}/kept/$1`);
    const path = join(folder, 'config.json');
    await writeFile(path, '{"credsStore":"x"}');
    const kept = await keepCredentials(path, 'r', { user: 'u', password: 'p' }, environment);
    assert.deepEqual(kept, { where: 'docker-credential-x', readable: false });
    assert.deepEqual(JSON.parse(await readFile(join(folder, 'kept/store'), 'utf8')), {
      ServerURL: 'r',
      Username: 'u',
      Secret: 'p',
    });
    assert.equal(await forgetCredentials(path, 'r', environment), true);
    assert(existsSync(join(folder, 'kept/erase')));
    assert.equal(await readFile(path, 'utf8'), '{"credsStore":"x"}');
  }));
