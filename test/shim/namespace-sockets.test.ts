import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import {
  createNamespaceSockets,
  namespaceSocket,
  type NamespaceSockets,
  removeSocket,
} from '../../src/shim/namespace-sockets.js';
import { createClient } from '../../src/ttrpc/client.js';
import { createServer } from '../../src/ttrpc/server.js';
import { createService, implement } from '../../src/ttrpc/service.js';
import { folder } from '../task/stdio/fixture.js';
import { text } from '../ttrpc/peers.js';

const method = { kind: 'unary', name: 'Namespace', request: text, response: text } as const;
const address = '/run/containerd/containerd.sock';

/** Sockets of a service that tells its namespace. */
function sockets(test: TestContext, path: string): NamespaceSockets {
  const made = createNamespaceSockets({
    folder: path,
    address,
    serve: (namespace) => createServer([createService('Test', [implement(method, () => namespace)])]),
  });
  test.after(() => made.close());
  return made;
}

async function ask(path: string): Promise<string> {
  const client = createClient(path);
  try {
    return await client.call('Test', method, '');
  } finally {
    client.close();
  }
}

describe('the socket of a namespace', { timeout: 30_000 }, () => {
  it('has a name that no daemon has, as a daemon hashes a path', () => {
    const key = 'tasks of /run/containerd/containerd.sock/ns';
    const name = createHash('sha256').update(key).digest('hex');
    assert.equal(namespaceSocket('/run/s', address, 'ns'), `/run/s/${name}`);
    assert.equal(namespaceSocket('/run/s', '/run//containerd/./containerd.sock', 'ns'), `/run/s/${name}`);
  });

  it('is for its owner alone, and serves the namespace', async (test) => {
    const path = folder(test);
    const made = sockets(test, path);
    const [one, two] = await Promise.all([made.open('one'), made.open('two')]);
    assert.equal(one, namespaceSocket(path, address, 'one'));
    assert.equal(statSync(one).mode & 0o777, 0o600);
    assert.deepEqual([await ask(one), await ask(two)], ['one', 'two']);
  });

  it('is opened once', async (test) => {
    const made = sockets(test, folder(test));
    const [first, second] = await Promise.all([made.open('ns'), made.open('ns')]);
    assert.equal(first, second);
    const { ino } = statSync(first);
    await made.open('ns');
    assert.equal(statSync(first).ino, ino);
  });

  it('takes the place of one that a killed daemon has left', async (test) => {
    const path = folder(test);
    writeFileSync(namespaceSocket(path, address, 'ns'), '');
    assert.equal(await ask(await sockets(test, path).open('ns')), 'ns');
  });

  it('that cannot be opened can be tried again', async (test) => {
    const path = join(folder(test), 'later');
    const made = sockets(test, path);
    await assert.rejects(made.open('ns'), { code: /^E(NOENT|ACCES)$/ });
    mkdirSync(path);
    assert.equal(await ask(await made.open('ns')), 'ns');
  });

  it('loses its name before its connections', async (test) => {
    const made = sockets(test, folder(test));
    const path = await made.open('ns');
    const client = createClient(path);
    await client.call('Test', method, '');
    made.unlink();
    assert.equal(existsSync(path), false);
    assert.equal(await client.call('Test', method, ''), 'ns');
    const late = connect(path);
    const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ENOENT');
    made.unlink();
    await made.close();
    await client.closed;
  });
});

describe('the removal of a socket', () => {
  it('may find none, but nothing else in its place', (test) => {
    const path = folder(test);
    removeSocket(join(path, 'none'));
    mkdirSync(join(path, 'folder'));
    assert.throws(() => {
      removeSocket(join(path, 'folder'));
    });
  });
});
