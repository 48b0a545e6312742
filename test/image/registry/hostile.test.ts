import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { suite, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { ImageErrorKind } from '../../../src/image/error.js';
import { hexOf } from '../../../src/image/digest.js';
import { ociManifest } from '../../../src/image/media-types.js';
import { pull } from '../../../src/image/registry/pull.js';
import { parseReference } from '../../../src/image/reference.js';
import { ingestIn, withContent } from '../content/place.js';
import { clientFor } from './client.js';
import { FakeRegistry } from './fake.js';
import { amd64, json, makeImage, type Made } from './images.js';

interface Case {
  readonly what: string;
  readonly kind: ImageErrorKind;
  readonly message: RegExp;
  /** on top of a well-behaved registry that has `made` */
  readonly trick: (world: World) => void;
}

interface World {
  readonly registry: FakeRegistry;
  readonly made: Made;
}

type Answering = (response: ServerResponse, request: IncomingMessage, registry: FakeRegistry) => void;

/** Answers so whatever is asked under such a path. */
const on =
  (path: RegExp, answer: Answering, method = /GET/) =>
  ({ registry }: World): void => {
    registry.trick = (request, response) => {
      if (!path.test(request.url ?? '') || !method.test(request.method ?? '')) return false;
      answer(response, request, registry);
      return true;
    };
  };

const blob = (answer: Answering) => (world: World) => {
  on(new RegExp(`/blobs/${world.made.layers[1]?.digest ?? ''}`), answer)(world);
};
const manifest = (answer: Answering) => on(/\/manifests\//, answer, /GET|HEAD/);

const send = (
  status: number,
  body: string | Buffer,
  headers: Record<string, string | readonly string[]> = {},
): Answering => {
  return (response) => response.writeHead(status, headers as Record<string, string>).end(body);
};

/** Bytes that are no HTTP, or not all of it. */
const raw =
  (bytes: string): Answering =>
  (response) =>
    response.socket?.end(bytes);

const zeros = `sha256:${'0'.repeat(64)}`;

const document = (value: unknown, mediaType = ociManifest, digest?: string): Answering =>
  send(200, typeof value === 'string' ? value : json(value), {
    'content-type': mediaType,
    ...(digest !== undefined && { 'docker-content-digest': digest }),
  });

/** An image whose manifest is the good one, changed. */
const changed =
  (change: (manifest: Record<string, unknown>) => void) =>
  ({ registry, made }: World): void => {
    const bytes = registry.blobs.get(made.manifest.digest)?.bytes ?? Buffer.alloc(0);
    const found = JSON.parse(bytes.toString()) as Record<string, unknown>;
    change(found);
    manifest(document(found))({ registry, made });
  };

const firstLayer = (found: Record<string, unknown>): Record<string, unknown> => {
  const [layer] = found['layers'] as Record<string, unknown>[];
  assert(layer);
  return layer;
};

const redirect = (location: string): Answering => send(307, '', { location });
const challenge = (text: string): Answering => send(401, '', { 'www-authenticate': text });
const large = 'x'.repeat(70_000);

const cases: readonly Case[] = [
  // status
  {
    what: 'an unknown image',
    kind: 'not-found',
    message: /HTTP 404\): MANIFEST_UNKNOWN: it is manifest_unknown$/,
    trick: manifest((response, _, registry) => {
      registry.refuse(response, 404, 'MANIFEST_UNKNOWN');
    }),
  },
  {
    what: 'a refusal',
    kind: 'unauthorized',
    message: /refuses access \(HTTP 403\).*there are no credentials for localhost/,
    trick: manifest(send(403, '')),
  },
  {
    what: 'a problem that stays',
    kind: 'failed',
    message: /has a problem \(HTTP 500\)$/,
    trick: manifest(send(500, 'oops')),
  },
  {
    what: 'a gateway without a registry',
    kind: 'unreachable',
    message: /not reachable behind its proxy \(HTTP 502\)$/,
    trick: manifest(send(502, '<html>')),
  },
  {
    what: 'too many requests',
    kind: 'unreachable',
    message: /too many requests \(HTTP 429\)/,
    trick: manifest(send(429, '', { 'retry-after': '1' })),
  },
  {
    what: 'a pause of a day',
    kind: 'unreachable',
    message: /HTTP 503/,
    trick: manifest(send(503, '', { 'retry-after': '86400' })),
  },
  {
    what: 'a status that nobody knows',
    kind: 'failed',
    message: /answers \(HTTP 299\)$/,
    trick: manifest(send(299, '')),
  },
  {
    what: 'a part that nobody asked for',
    kind: 'failed',
    message: /answers \(HTTP 206\)$/,
    trick: blob(send(206, 'x', { 'content-range': 'bytes 0-0/1' })),
  },
  {
    what: 'an explanation with control characters',
    kind: 'not-found',
    message: /MANIFEST: a\\x1b\[31mb$/,
    trick: manifest(send(404, json({ errors: [{ code: 'MANIFEST', message: 'a\u001b[31mb' }] }))),
  },
  {
    what: 'an endless explanation',
    kind: 'not-found',
    message: /HTTP 404\)$/,
    trick: manifest((response) => {
      response.writeHead(404);
      endless(response);
    }),
  },
  {
    what: 'an explanation of an odd form',
    kind: 'not-found',
    message: /HTTP 404\)$/,
    trick: manifest(send(404, '{"errors":{"length":1}}')),
  },
  // HTTP
  {
    what: 'no HTTP',
    kind: 'unreachable',
    message: /its answer is no HTTP$/,
    trick: manifest(raw('SSH-2.0-OpenSSH_9.0\r\n')),
  },
  {
    what: 'nothing',
    kind: 'unreachable',
    message: /the connection broke$/,
    trick: manifest((response) => response.socket?.destroy()),
  },
  {
    what: 'half a header',
    kind: 'unreachable',
    message: /the connection broke$/,
    trick: manifest(raw('HTTP/1.1 200 OK\r\nContent-')),
  },
  {
    what: 'a header that is too large',
    kind: 'unreachable',
    message: /the header of the answer is too large$/,
    trick: manifest(raw(`HTTP/1.1 200 OK\r\nX: ${large}\r\n\r\n`)),
  },
  {
    what: 'two lengths',
    kind: 'unreachable',
    message: /the answer has not the length that it said$/,
    trick: manifest(raw('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc')),
  },
  {
    what: 'a length below nothing',
    kind: 'unreachable',
    message: /its answer is no HTTP$/,
    trick: manifest(raw('HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nabc')),
  },
  {
    what: 'a chunk whose size is none',
    kind: 'unreachable',
    message: /its answer is no HTTP$/,
    trick: blob(raw('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n')),
  },
  // documents
  {
    what: 'a page for people',
    kind: 'unsupported',
    message: /is a "text\/html", no image$/,
    trick: manifest(send(200, '<html>{}', { 'content-type': 'text/html' })),
  },
  { what: 'no JSON', kind: 'invalid', message: /is no JSON: /, trick: manifest(document('{')) },
  { what: 'a list', kind: 'invalid', message: /is no object$/, trick: manifest(document('[]')) },
  {
    what: 'an endless document',
    kind: 'exhausted',
    message: /is larger than 4194304 bytes$/,
    trick: manifest((response) => {
      response.writeHead(200, { 'content-type': ociManifest });
      endless(response);
    }),
  },
  {
    what: 'a document in gzip',
    kind: 'unsupported',
    message: /came encoded as "gzip"$/,
    trick: manifest(send(200, gzipSync('{}'), { 'content-type': ociManifest, 'content-encoding': 'gzip' })),
  },
  {
    what: 'a document with another digest than the header says',
    kind: 'corrupt',
    message: /has another digest, sha256:[0-9a-f]{64}, than its server says$/,
    trick: manifest((response, request) => {
      if (request.method === 'HEAD') response.writeHead(404).end();
      else document('{}', ociManifest, zeros)(response, request, undefined as never);
    }),
  },
  {
    what: 'a digest that is none',
    kind: 'corrupt',
    message: /than its server says$/,
    trick: manifest(
      send(200, '{}', { 'content-type': ociManifest, 'docker-content-digest': 'sha256:../../etc/passwd' }),
    ),
  },
  {
    what: 'a type and another',
    kind: 'invalid',
    message: /is a .*manifest.*, but came as a .*index/,
    trick: changedType,
  },
  {
    what: 'a document that is shorter than the HEAD said',
    kind: 'corrupt',
    message: /has 2 bytes instead of \d+$/,
    trick: on(/manifests\/sha256:/, send(200, '{}', { 'content-type': ociManifest })),
  },
  {
    what: 'another document than that of the HEAD',
    kind: 'corrupt',
    message: /has another digest, sha256:/,
    trick: ({ registry, made }) => {
      on(
        /manifests\/sha256:/,
        send(200, 'x'.repeat(made.manifest.size), { 'content-type': ociManifest }),
      )({ registry, made });
    },
  },
  {
    what: 'an image of something else',
    kind: 'unsupported',
    message: /holds a application\/vnd.cncf.helm.config, not a container's image$/,
    trick: changed((found) => {
      (found['config'] as Record<string, unknown>)['mediaType'] = 'application/vnd.cncf.helm.config';
    }),
  },
  {
    what: 'a layer of an unknown type',
    kind: 'unsupported',
    message: /has a layer of type application\/encrypted$/,
    trick: changed((found) => {
      firstLayer(found)['mediaType'] = 'application/encrypted';
    }),
  },
  {
    what: 'a layer whose digest is a path',
    kind: 'invalid',
    message: /layers\[0\].digest: "sha256:..\/..\/x" is no sha256 or sha512 digest$/,
    trick: changed((found) => {
      firstLayer(found)['digest'] = 'sha256:../../x';
    }),
  },
  {
    what: 'a layer of a negative size',
    kind: 'invalid',
    message: /layers\[0\].size is no whole number/,
    trick: changed((found) => {
      firstLayer(found)['size'] = -1;
    }),
  },
  {
    what: 'a configuration of a gigabyte',
    kind: 'exhausted',
    message: /has a configuration of 1000000000 bytes$/,
    trick: changed((found) => {
      (found['config'] as Record<string, unknown>)['size'] = 1e9;
    }),
  },
  // blobs
  {
    what: 'a layer that is not there',
    kind: 'not-found',
    message: /^getting localhost:\d+\/a@sha256:.*HTTP 404/,
    trick: blob((response, _, registry) => {
      registry.refuse(response, 404, 'BLOB_UNKNOWN');
    }),
  },
  {
    what: 'a layer of other bytes',
    kind: 'corrupt',
    message: /has the digest sha256:/,
    trick: blob((response, request, registry) => {
      const size = sizeOf(registry, request);
      response.end(Buffer.alloc(size));
    }),
  },
  {
    what: 'a layer that is announced as larger',
    kind: 'corrupt',
    message: /the server has more than \d+ bytes$/,
    trick: blob(send(200, Buffer.alloc(1_000_000), { 'content-length': '1000000' })),
  },
  {
    what: 'an endless layer',
    kind: 'corrupt',
    message: /more than \d+ bytes came$/,
    trick: blob((response) => {
      endless(response);
    }),
  },
  {
    what: 'a layer that always ends early',
    kind: 'unreachable',
    message: /only 10 of \d+ bytes came$/,
    trick: blob((response, request, registry) => {
      const bytes = bytesOf(registry, request);
      if (request.headers.range === undefined) response.end(bytes.subarray(0, 10));
      else response.writeHead(206, { 'content-range': `bytes 10-${bytes.length - 1}/${bytes.length}` }).end();
    }),
  },
  {
    what: 'a layer that comes as gzip of itself',
    kind: 'corrupt',
    message: /sha256:|more than/,
    trick: blob((response, request, registry) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.end(gzipSync(bytesOf(registry, request)));
    }),
  },
  // redirects
  {
    what: 'a redirect to itself',
    kind: 'failed',
    message: /answered with more than 5 redirects$/,
    trick: blob((response, request) => {
      redirect(request.url ?? '')(response, request, undefined as never);
    }),
  },
  {
    what: 'a redirect without a target',
    kind: 'failed',
    message: /a redirect without a target$/,
    trick: blob(send(302, '')),
  },
  {
    what: 'a redirect to a file',
    kind: 'failed',
    message: /a redirect to what is no web address$/,
    trick: blob(redirect('file:///etc/passwd')),
  },
  {
    what: 'a redirect to nonsense',
    kind: 'failed',
    message: /a redirect to what is no web address$/,
    trick: blob(redirect('http://[')),
  },
  {
    what: 'a redirect to where nobody listens',
    kind: 'unreachable',
    message: /connection refused$/,
    trick: blob(redirect('http://127.0.0.1:1/x')),
  },
  // authentication
  {
    what: 'a 401 without a challenge',
    kind: 'unauthorized',
    message: /wants other credentials \(HTTP 401\)/,
    trick: manifest(send(401, '')),
  },
  {
    what: 'a challenge of an unknown scheme',
    kind: 'unauthorized',
    message: /wants to know who asks, and offers negotiate$/,
    trick: manifest(challenge('Negotiate')),
  },
  {
    what: 'a challenge that cannot be read',
    kind: 'unauthorized',
    message: /offers no way$/,
    trick: manifest(challenge('"')),
  },
  {
    what: 'a password without one that we have',
    kind: 'unauthorized',
    message: /wants credentials, and there are none for it$/,
    trick: manifest(challenge('Basic realm="x"')),
  },
  {
    what: 'a token server that is none',
    kind: 'unauthorized',
    message: /names a token server that is no web address$/,
    trick: manifest(challenge('Bearer realm="../x"')),
  },
  {
    what: 'a token server in a file',
    kind: 'unauthorized',
    message: /names a token server that is no web address$/,
    trick: manifest(challenge('Bearer realm="file:///x"')),
  },
  {
    what: 'a token server with a password',
    kind: 'unauthorized',
    message: /is given with a password$/,
    trick: manifest(challenge('Bearer realm="http://a:b@localhost/x"')),
  },
  {
    what: 'a token server that is down',
    kind: 'unreachable',
    message: /^getting a token: 127.0.0.1:1: connection refused$/,
    trick: manifest(challenge('Bearer realm="http://127.0.0.1:1/x"')),
  },
  {
    what: 'a token server without a token',
    kind: 'invalid',
    message: /^getting a token: the answer of localhost:\d+ has no token$/,
    trick: tokens('{}'),
  },
  {
    what: 'a token server of pages',
    kind: 'invalid',
    message: /the answer of localhost:\d+ is no JSON$/,
    trick: tokens('<html>secret'),
  },
  {
    what: 'a token that would split a header',
    kind: 'invalid',
    message: /has no token$/,
    trick: tokens(JSON.stringify({ token: 'a\r\nHost: b' })),
  },
  {
    what: 'an endless token',
    kind: 'exhausted',
    message: /is larger than 1048576 bytes$/,
    trick: tokens(undefined),
  },
  {
    what: 'tokens that never help',
    kind: 'unauthorized',
    message: /wants other credentials \(HTTP 401\)/,
    trick: tokens('{"token":"t","expires_in":-5}'),
  },
];

/** Without end, at the pace of who reads. */
function endless(response: ServerResponse): void {
  if (response.req.method === 'HEAD') {
    response.end();
    return;
  }
  const piece = Buffer.alloc(64 * 1024, ' ');
  const source = new Readable({
    read() {
      this.push(piece);
    },
  });
  pipeline(source, response, () => undefined);
}

function bytesOf(registry: FakeRegistry, request: IncomingMessage): Buffer {
  const found = [...registry.blobs].find(([digest]) => request.url?.endsWith(digest));
  assert(found);
  return found[1].bytes;
}

function sizeOf(registry: FakeRegistry, request: IncomingMessage): number {
  return bytesOf(registry, request).length;
}

function changedType({ registry, made }: World): void {
  const bytes = registry.blobs.get(made.manifest.digest)?.bytes ?? '';
  manifest(send(200, bytes, { 'content-type': 'application/vnd.oci.image.index.v1+json' }))({
    registry,
    made,
  });
}

/** A registry that wants tokens of a server that answers so. */
function tokens(answer: string | undefined): (world: World) => void {
  return ({ registry }) => {
    registry.trick = (request, response) => {
      if (request.url?.startsWith('/token') !== true) {
        challenge(`Bearer realm="http://${registry.host}/token",service="x"`)(response, request, registry);
      } else if (answer === undefined) endless(response);
      else response.end(answer);
      return true;
    };
  };
}

suite('what registries may answer is one line, and leaves nothing behind', () => {
  for (const { what, kind, message, trick } of cases) {
    test(what, (t) =>
      withContent(async ({ blobs, verify }, data) => {
        const registry = await FakeRegistry.start(t);
        const made = await makeImage(registry.put);
        registry.top = made.manifest;
        trick({ registry, made });
        const reference = parseReference(`${registry.host}/a:1`);
        const asked = pull(reference, { client: clientFor(t), blobs, platforms: [amd64] });
        await assert.rejects(asked, (error: Error & { kind?: unknown }) => {
          assert.match(error.message, message);
          assert.equal(error.kind, kind);
          assert.equal(error.name, 'ImageError');
          assert(!error.message.includes('\n'));
          return true;
        });
        assert.deepEqual(await verify(), []);
        // What came wrong is not to be gone on with.
        const wrong = `sha256-${hexOf(made.layers[1]?.digest ?? 'sha256:')}`;
        if (kind === 'corrupt') assert(!(await ingestIn(data)).includes(wrong));
      }),
    );
  }
});

test('an answer that stops coming is given up, and gone on with', (t) =>
  withContent(async ({ blobs }) => {
    const registry = await FakeRegistry.start(t);
    const made = await makeImage(registry.put);
    registry.top = made.manifest;
    const layer = made.layers[1]?.digest ?? '';
    let stalled = 0;
    registry.trick = (request, response) => {
      if (request.url?.endsWith(layer) !== true || request.headers.range !== undefined) return false;
      stalled += 1;
      const bytes = bytesOf(registry, request);
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 1000));
      return true;
    };
    const client = clientFor(t, { timeouts: { connect: 5000, headers: 20_000, idle: 300 } });
    await pull(parseReference(`${registry.host}/a:1`), { client, blobs, platforms: [amd64] });
    assert.equal(stalled, 1);
    for (const each of [made.manifest, made.config, ...made.layers]) assert(await blobs.has(each));
  }));

test('a server that accepts and says nothing is given up', (t) =>
  withContent(async ({ blobs }) => {
    const registry = await FakeRegistry.start(t);
    registry.trick = () => true;
    const client = clientFor(t, { timeouts: { connect: 5000, headers: 300, idle: 300 } });
    const asked = pull(parseReference(`${registry.host}/a:1`), { client, blobs, platforms: [amd64] });
    await assert.rejects(asked, { kind: 'unreachable', message: /: no answer in time$/ });
    assert.equal(registry.requests.length, 5); // the tries of what is safe to ask again
  }));

test('stopping stops at once, and keeps what came', (t) =>
  withContent(async ({ blobs }, data) => {
    const registry = await FakeRegistry.start(t);
    const made = await makeImage(registry.put, { sizes: [50_000] });
    registry.top = made.manifest;
    const [layer] = made.layers;
    assert(layer);
    registry.trick = (request, response) => {
      if (request.url?.endsWith(layer.digest) !== true) return false;
      response.writeHead(200, { 'content-length': layer.size });
      response.write(bytesOf(registry, request).subarray(0, 1000));
      return true;
    };
    const stop = new AbortController();
    const progress = ({ id, done }: { id: string; done: number }): void => {
      if (id === layer.digest && done === 1000) stop.abort();
    };
    const options = { client: clientFor(t), blobs, platforms: [amd64], progress, signal: stop.signal };
    await assert.rejects(pull(parseReference(`${registry.host}/a:1`), options), { kind: 'cancelled' });
    assert.equal((await ingestIn(data)).filter((name) => name.startsWith('sha256-')).length, 1);
    registry.trick = () => false;
    const again = { client: clientFor(t), blobs, platforms: [amd64] };
    await pull(parseReference(`${registry.host}/a:1`), again);
    const last = registry.headers[registry.requests.lastIndexOf(`GET /v2/a/blobs/${layer.digest}`)];
    assert.equal(last?.range, 'bytes=1000-');
  }));
