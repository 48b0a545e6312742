import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { suite, test, type TestContext } from 'node:test';
import { ociManifest } from '../../../src/image/media-types.js';
import { parseReference } from '../../../src/image/reference.js';
import { parseChallenges } from '../../../src/image/registry/challenge.js';
import type { Credentials } from '../../../src/image/registry/credentials/credentials.js';
import { retryAfterOf } from '../../../src/image/registry/problem.js';
import { pull } from '../../../src/image/registry/pull.js';
import { push } from '../../../src/image/registry/push.js';
import { readRegistries, usualSetting } from '../../../src/image/registry/settings.js';
import { parseToken } from '../../../src/image/registry/token.js';
import { inFolder, withContent } from '../content/place.js';
import { makeCertificates } from './certificates.js';
import { clientFor } from './client.js';
import { FakeRegistry } from './fake.js';
import { amd64, into, makeImage, type Made } from './images.js';

const password: Credentials = { kind: 'password', user: 'u', password: 'p', source: 's' };
const basic = `Basic ${Buffer.from('u:p').toString('base64')}`;

/** A registry with an image of one layer. */
async function filled(t: TestContext): Promise<{ registry: FakeRegistry; made: Made }> {
  const registry = await FakeRegistry.start(t);
  const made = await makeImage(registry.put, { sizes: [3000] });
  registry.top = made.manifest;
  return { registry, made };
}

/** Has `registry` want tokens of its own server, and tells of what token requests held. */
function wantTokens(
  registry: FakeRegistry,
  valid = 1000,
): { asked: { url: URL; body: string; headers: IncomingMessage['headers'] }[] } {
  const asked: { url: URL; body: string; headers: IncomingMessage['headers'] }[] = [];
  let uses = 0;
  registry.trick = (request, response) => {
    const url = new URL(request.url ?? '', `http://${registry.host}`);
    if (url.pathname === '/token') {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        asked.push({ url, body, headers: request.headers });
        uses = 0;
        response.end(JSON.stringify({ access_token: `token-${asked.length}`, expires_in: 300 }));
      });
      return true;
    }
    uses += 1;
    if (request.headers.authorization === `Bearer token-${asked.length}` && uses <= valid) return false;
    const realm = `Bearer service="the registry",realm="http://${registry.host}/token"`;
    registry.refuse(response, 401, 'UNAUTHORIZED', { 'www-authenticate': realm });
    return true;
  };
  return { asked };
}

suite('who we are', () => {
  test('one token is got for all of an image, with the password for the token server only', (t) =>
    withContent(async ({ blobs }) => {
      const { registry } = await filled(t);
      const { asked } = wantTokens(registry);
      const client = clientFor(t, { credentials: () => Promise.resolve(password) });
      await pull(parseReference(`${registry.host}/a/b:1`), { client, blobs, platforms: [amd64] });
      assert.equal(asked.length, 1);
      assert.equal(asked[0]?.url.search, '?service=the+registry&scope=repository%3Aa%2Fb%3Apull&account=u');
      assert.equal(asked[0].headers.authorization, basic);
      const sent = registry.headers.filter((_, index) => !registry.requests[index]?.includes('/token'));
      assert(
        sent.every(({ authorization }) => authorization === undefined || authorization === 'Bearer token-1'),
      );
    }));

  test('without a password, the token is asked for without one', (t) =>
    withContent(async ({ blobs }) => {
      const { registry } = await filled(t);
      const { asked } = wantTokens(registry);
      await pull(parseReference(`${registry.host}/a:1`), { client: clientFor(t), blobs, platforms: [amd64] });
      assert.deepEqual(
        asked.map(({ headers }) => headers.authorization),
        [undefined],
      );
    }));

  test('a token that is refused is got anew', (t) =>
    withContent(async ({ blobs }) => {
      const { registry } = await filled(t);
      const { asked } = wantTokens(registry, 2);
      await pull(parseReference(`${registry.host}/a:1`), { client: clientFor(t), blobs, platforms: [amd64] });
      assert.equal(asked.length, 2); // HEAD, GET; then configuration and layer
    }));

  test('an identity token is exchanged', (t) =>
    withContent(async ({ blobs }) => {
      const { registry } = await filled(t);
      const { asked } = wantTokens(registry);
      const credentials = (): Promise<Credentials> =>
        Promise.resolve({ kind: 'identity', token: 'refresh me', source: 's' });
      const client = clientFor(t, { credentials });
      await pull(parseReference(`${registry.host}/a:1`), { client, blobs, platforms: [amd64] });
      const form = new URLSearchParams(asked[0]?.body);
      assert.deepEqual(
        [form.get('grant_type'), form.get('refresh_token'), form.get('service'), form.get('scope')],
        ['refresh_token', 'refresh me', 'the registry', 'repository:a:pull'],
      );
    }));

  test('pushing asks for the right to push, and to pull what is mounted', (t) =>
    withContent(async ({ blobs }) => {
      const { registry } = await filled(t);
      const { asked } = wantTokens(registry);
      const made = await makeImage(into(blobs), { sizes: [10] });
      const to = parseReference(`${registry.host}/a:1`);
      await assert.rejects(push(made.manifest, to, { client: clientFor(t), blobs, mountFrom: 'b' }), {
        kind: 'not-found',
      });
      assert.deepEqual(asked[0]?.url.searchParams.getAll('scope'), [
        'repository:a:pull,push',
        'repository:b:pull',
      ]);
    }));

  test('where a blob is redirected to, nobody learns who we are', (t) =>
    withContent(async ({ blobs }) => {
      const [{ registry, made }, elsewhere] = [await filled(t), await FakeRegistry.start(t)];
      for (const [digest, blob] of registry.blobs) elsewhere.blobs.set(digest, blob);
      registry.trick = (request, response) => {
        if (request.headers.authorization !== basic) {
          registry.refuse(response, 401, 'UNAUTHORIZED', { 'www-authenticate': 'Basic realm="x"' });
          return true;
        }
        if (request.url?.includes('/blobs/') !== true) return false;
        response.writeHead(307, { location: `http://${elsewhere.host}${request.url}` }).end();
        return true;
      };
      const client = clientFor(t, { credentials: () => Promise.resolve(password) });
      await pull(parseReference(`${registry.host}/a:1`), { client, blobs, platforms: [amd64] });
      assert.equal(elsewhere.requests.length, 2);
      assert(elsewhere.headers.every(({ authorization }) => authorization === undefined));
      for (const layer of made.layers) assert(await blobs.has(layer));
    }));

  test('where a blob is redirected to, nobody gets a password by asking', (t) =>
    withContent(async ({ blobs }) => {
      const [{ registry }, elsewhere] = [await filled(t), await FakeRegistry.start(t)];
      elsewhere.trick = (_, response) => {
        elsewhere.refuse(response, 401, 'UNAUTHORIZED', { 'www-authenticate': 'Basic realm="x"' });
        return true;
      };
      registry.trick = (request, response) => {
        if (request.url?.includes('/blobs/') !== true) return false;
        response.writeHead(307, { location: `http://${elsewhere.host}${request.url}` }).end();
        return true;
      };
      const client = clientFor(t, { credentials: () => Promise.resolve(password) });
      const asked = pull(parseReference(`${registry.host}/a:1`), { client, blobs, platforms: [amd64] });
      await assert.rejects(asked, { kind: 'unauthorized' });
      assert.deepEqual(
        elsewhere.headers.map(({ authorization }) => authorization),
        [undefined],
      );
    }));

  test('what came by TLS sends nobody on without', (t) =>
    inFolder(async (folder) => {
      const tls = await makeCertificates(folder);
      const registry = await FakeRegistry.start(t, tls);
      const made = await makeImage(registry.put);
      registry.top = made.manifest;
      const settings = new Map([[registry.host, { ...usualSetting, caFile: tls.ca }]]);
      const answers = [
        [{ location: 'http://storage.example/x' }, 307, /a redirect from HTTPS to http:\/\/storage.example$/],
        [
          { 'www-authenticate': 'Bearer realm="http://token.example/x"' },
          401,
          /has no HTTPS \(token.example\)$/,
        ],
      ] as const;
      for (const [headers, status, message] of answers) {
        registry.trick = (_, response) => {
          response.writeHead(status, headers).end();
          return true;
        };
        const client = clientFor(t, { settings, credentials: () => Promise.resolve(password) });
        await withContent(async ({ blobs }) => {
          const asked = pull(parseReference(`${registry.host}/a:1`), { client, blobs, platforms: [amd64] });
          await assert.rejects(asked, { message });
        });
      }
    }));
});

suite('ways to a registry', () => {
  test('a mirror is asked first, and the registry for what the mirror has not, or has wrong', (t) =>
    withContent(async ({ blobs }) => {
      const [{ registry, made }, mirror] = [await filled(t), await FakeRegistry.start(t)];
      for (const [digest, blob] of registry.blobs) mirror.blobs.set(digest, blob);
      mirror.top = registry.top;
      mirror.blobs.delete(made.config.digest);
      const layer = made.layers[0]?.digest ?? '';
      mirror.trick = (request, response) => {
        if (request.url?.endsWith(layer) !== true) return false;
        response.end(Buffer.alloc(made.layers[0]?.size ?? 0));
        return true;
      };
      const settings = readRegistries({ [registry.host]: { mirrors: [mirror.host] } });
      const client = clientFor(t, { settings });
      await pull(parseReference(`${registry.host}/a:1`), { client, blobs, platforms: [amd64] });
      assert.deepEqual(
        registry.requests.sort(),
        [`GET /v2/a/blobs/${made.config.digest}`, `GET /v2/a/blobs/${layer}`].sort(),
      );
    }));

  test('a mirror that is down, or refuses, does not matter', (t) =>
    withContent(async ({ blobs }) => {
      const [{ registry }, mirror] = [await filled(t), await FakeRegistry.start(t)];
      mirror.trick = (_, response) => {
        mirror.refuse(response, 403, 'DENIED');
        return true;
      };
      const settings = readRegistries({
        [registry.host]: { mirrors: ['localhost:1', `${mirror.host}/hub`] },
      });
      const client = clientFor(t, { settings });
      await pull(parseReference(`${registry.host}/a:1`), { client, blobs, platforms: [amd64] });
      assert.equal(mirror.requests[0], 'HEAD /hub/v2/a/manifests/1');
    }));

  test('this machine is spoken to in TLS if it can, and others never without', (t) =>
    inFolder(async (folder) => {
      const tls = await makeCertificates(folder);
      const registry = await FakeRegistry.start(t, tls);
      await withContent(async ({ blobs }) => {
        const asked = pull(parseReference(`${registry.host}/a:1`), {
          client: clientFor(t),
          blobs,
          platforms: [amd64],
        });
        await assert.rejects(asked, { message: /its certificate is of an unknown authority/ });
        assert.deepEqual(registry.requests, []);
      });
    }));

  test('a proxy is asked as the environment says', (t) =>
    withContent(async ({ blobs }) => {
      const { registry } = await filled(t);
      const asked: string[] = [];
      const proxy = createServer((request, response) => {
        asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
        response.writeHead(502).end();
      });
      proxy.on('connect', (request, socket) => {
        asked.push(`CONNECT ${request.url ?? ''}`);
        const through = connect(Number(registry.host.split(':')[1]), '127.0.0.1', () => {
          socket.write('HTTP/1.1 200 Connected\r\n\r\n');
          through.pipe(socket).pipe(through);
        });
        for (const each of [through, socket]) each.on('error', () => each.destroy());
        t.after(() => through.destroy());
      });
      await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
      t.after(() => {
        proxy.closeAllConnections();
        proxy.close();
      });
      const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
      const settings = readRegistries({ 'registry.example': { plain_http: true } });
      const client = clientFor(t, { settings, environment: { HTTP_PROXY: url, HTTPS_PROXY: url } });
      await pull(parseReference('registry.example/a:1'), { client, blobs, platforms: [amd64] });
      assert.deepEqual([...new Set(asked)], ['CONNECT registry.example:80']);
      const without = clientFor(t, { settings, environment: { HTTP_PROXY: url, NO_PROXY: '.example' } });
      const failing = pull(parseReference('registry.example/b:1'), {
        client: without,
        blobs,
        platforms: [amd64],
      });
      await assert.rejects(failing, { kind: 'unreachable' });
    }));

  test('a registry that is busy is asked again, after the pause that it names', (t) =>
    withContent(async ({ blobs }) => {
      const { registry } = await filled(t);
      let refusals = 2;
      registry.trick = (_, response) => {
        if (refusals === 0) return false;
        refusals -= 1;
        registry.refuse(response, 429, 'TOOMANYREQUESTS', { 'retry-after': '7' });
        return true;
      };
      const pauses: number[] = [];
      const wait = (milliseconds: number): Promise<void> => {
        pauses.push(milliseconds);
        return Promise.resolve();
      };
      await pull(parseReference(`${registry.host}/a:1`), {
        client: clientFor(t, { wait }),
        blobs,
        platforms: [amd64],
      });
      assert.deepEqual(pauses, [7000, 7000]);
    }));

  test('a tag is resolved without a pull where the image is there', (t) =>
    withContent(async ({ blobs }) => {
      const { registry } = await filled(t);
      const reference = parseReference(`${registry.host}/a:1`);
      const options = { client: clientFor(t), blobs, platforms: [amd64] };
      await pull(reference, options);
      registry.requests.length = 0;
      await pull(reference, options);
      assert.deepEqual(registry.requests, ['HEAD /v2/a/manifests/1']);
    }));

  test('an image by digest must have it', (t) =>
    withContent(async ({ blobs }) => {
      const { registry, made } = await filled(t);
      const other = await makeImage(registry.put);
      const bytes = registry.blobs.get(other.manifest.digest)?.bytes ?? Buffer.alloc(0);
      const reference = parseReference(`${registry.host}/a@${made.manifest.digest}`);
      const options = { client: clientFor(t), blobs, platforms: [amd64] };
      registry.trick = (request, response) => {
        if (request.url?.includes('/manifests/') !== true) return false;
        response.writeHead(200, { 'content-type': ociManifest }).end(bytes);
        return true;
      };
      await assert.rejects(pull(reference, options), { kind: 'corrupt', message: /has another digest/ });
      registry.trick = () => false;
      assert.equal((await pull(reference, options)).digest, made.manifest.digest);
    }));
});

const challenges: readonly (readonly [string, unknown])[] = [
  ['Basic realm="a, b"', [['basic', { realm: 'a, b' }]]],
  ['bearer SCOPE="x",Realm = "y" , service=z', [['bearer', { scope: 'x', realm: 'y', service: 'z' }]]],
  [
    'Negotiate abc==, Basic realm=x',
    [
      ['negotiate', {}],
      ['basic', { realm: 'x' }],
    ],
  ],
  [
    'Negotiate, Bearer realm="a\\"b"',
    [
      ['negotiate', {}],
      ['bearer', { realm: 'a"b' }],
    ],
  ],
  ['Basic', [['basic', {}]]],
  ['', []],
  ['=,=,"', []],
];
for (const [header, meant] of challenges) {
  test(`a challenge: ${header}`, () => {
    const found = parseChallenges(header).map((each) => [each.scheme, Object.fromEntries(each.parameters)]);
    assert.deepEqual(found, meant);
  });
}

test('challenges of any length are read in time', () => {
  for (const part of ['a ', 'a=', '"', '\\', 'a="', ',', 'a=b,']) {
    assert(parseChallenges(part.repeat(100_000)).length <= 8192);
  }
});

test('a token lasts as long as its server says, less a margin, and a minute if it does not', () => {
  const until = (more: object): number => parseToken(JSON.stringify({ token: 't', ...more }), 0, 'x').until;
  assert.deepEqual(
    [
      until({}),
      until({ expires_in: 300 }),
      until({ expires_in: 4 }),
      until({ expires_in: 1e12 }),
      until({ expires_in: 'x' }),
    ],
    [50_000, 290_000, 2000, 86_390_000, 50_000],
  );
});

test('pauses are given in seconds or as a date', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  const header = ['3', 'Thu, 01 Jan 2026 00:00:05 GMT', 'Thu, 01 Jan 2020 00:00:05 GMT', 'soon', undefined];
  assert.deepEqual(
    header.map((each) => retryAfterOf(each, now)),
    [3000, 5000, 0, undefined, undefined],
  );
});
