import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { readFile } from 'node:fs/promises';
import type { TestContext } from 'node:test';
import type { Descriptor } from '../../../src/image/descriptor.js';
import { sha256, type Digest } from '../../../src/image/digest.js';
import type { Certificates } from './certificates.js';

/** Answers a request as a test wants it; false leaves it to the usual answer. */
export type Trick = (request: IncomingMessage, response: ServerResponse) => boolean;

/** A registry that can misbehave: what `put` gave it, it has in all repositories, under any tag the document `top`. */
export class FakeRegistry {
  readonly server: Server;
  readonly blobs = new Map<Digest, { readonly bytes: Buffer; readonly mediaType: string }>();
  /** `METHOD path`, in the order of arrival */
  readonly requests: string[] = [];
  /** the headers of the same */
  readonly headers: IncomingMessage['headers'][] = [];
  top: Descriptor | undefined;
  trick: Trick = () => false;
  #host = '';

  private constructor(server: Server) {
    this.server = server;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
      this.headers.push(request.headers);
      if (!this.trick(request, response)) this.answer(request, response);
    });
  }

  static async start(t: TestContext, tls?: Certificates): Promise<FakeRegistry> {
    const server =
      tls === undefined
        ? createServer()
        : createTlsServer({ cert: await readFile(tls.cert), key: await readFile(tls.key) });
    const registry = new FakeRegistry(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    registry.#host = `localhost:${(server.address() as AddressInfo).port}`;
    t.after(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return registry;
  }

  get host(): string {
    return this.#host;
  }

  readonly put = (bytes: Uint8Array, mediaType: string): Promise<Descriptor> => {
    const digest = sha256(bytes);
    this.blobs.set(digest, { bytes: Buffer.from(bytes), mediaType });
    return Promise.resolve({ digest, mediaType, size: bytes.length });
  };

  /** As a registry should. */
  answer(request: IncomingMessage, response: ServerResponse): void {
    const [, kind, name] = /^\/v2\/.+\/(manifests|blobs)\/([^/?]+)$/.exec(request.url ?? '') ?? [];
    const digest = (kind === 'manifests' && !name?.includes(':') ? this.top?.digest : name) as Digest;
    const found = this.blobs.get(digest);
    if (found === undefined) {
      this.refuse(response, 404, kind === 'blobs' ? 'BLOB_UNKNOWN' : 'MANIFEST_UNKNOWN');
      return;
    }
    const { bytes, mediaType } = found;
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const part = bytes.subarray(start);
    response.writeHead(start > 0 ? 206 : 200, {
      'content-type': mediaType,
      'content-length': part.length,
      'docker-content-digest': digest,
      ...(start > 0 && { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
    });
    response.end(request.method === 'HEAD' ? undefined : part);
  }

  refuse(response: ServerResponse, status: number, code: string, headers: Record<string, string> = {}): void {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ errors: [{ code, message: `it is ${code.toLowerCase()}` }] }));
  }
}
