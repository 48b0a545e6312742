import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { download } from '../../../src/cli/build/download.js';
import { containersFolder, type Places } from '../../../src/cli/places.js';
import { inFolder } from '../../image/content/place.js';

// A proxy that the environment names knows nothing of this machine's ports.
for (const name of ['NO_PROXY', 'no_proxy']) process.env[name] = '127.0.0.1';

interface World {
  readonly places: Places;
  readonly url: string;
  /** what lies in the folder where downloads do */
  readonly left: () => string[];
}

const inWorld = (answer: RequestListener, body: (world: World) => Promise<void>): Promise<void> =>
  inFolder(async (folder) => {
    const places: Places = { data: join(folder, 'data'), launcher: '' };
    mkdirSync(containersFolder(places), { recursive: true });
    const server = createServer(answer).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      await body({
        places,
        url: `http://127.0.0.1:${port}/file`,
        left: () => readdirSync(containersFolder(places)),
      });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

test('what was downloaded is there until it is released, under a lock by which others know it', () =>
  inWorld(
    (_, response) => response.end('content'),
    async ({ places, url, left }) => {
      const { path, release } = await download(places, url, undefined);
      assert.equal(readFileSync(path, 'utf8'), 'content');
      const [folder = '', lock] = left().sort();
      assert.deepEqual([lock, path], [`${folder}.lock`, join(containersFolder(places), folder, 'file')]);
      await release();
      assert.deepEqual(left(), []);
    },
  ));

test('a server that refuses, or ends amid a file, is an error, and leaves nothing', async () => {
  await inWorld(
    (_, response) => response.writeHead(404).end(),
    async ({ places, url, left }) => {
      const message = `${url}: the server answered 404 Not Found`;
      await assert.rejects(download(places, url, undefined), { kind: 'not-found', message });
      assert.deepEqual(left(), []);
    },
  );
  await inWorld(
    (_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('some', () => response.destroy());
    },
    async ({ places, url, left }) => {
      await assert.rejects(download(places, url, undefined), { kind: 'failed' });
      assert.deepEqual(left(), []);
    },
  );
});

test('a download that is told to stop is cancelled, and leaves nothing', () => {
  const controller = new AbortController();
  return inWorld(
    (_, response) => {
      response.write('some');
      controller.abort();
    },
    async ({ places, url, left }) => {
      await assert.rejects(download(places, url, controller.signal), { kind: 'cancelled' });
      assert.deepEqual(left(), []);
    },
  );
});
