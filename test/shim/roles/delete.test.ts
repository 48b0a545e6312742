import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { DeleteResponse } from '../../../src/proto/generated/messages.js';
import { namespaceSocket } from '../../../src/shim/namespace-sockets.js';
import { containerStore } from '../../../src/store/containers.js';
import { openStore } from '../../../src/store/database.js';
import { notLinux } from '../../kernel/kernels.js';
import { folder } from '../../task/stdio/fixture.js';
import { runRole } from '../program.js';

const key = { namespace: 'ns', id: 'box' };
const limits = { skip: notLinux, timeout: 60_000 };

interface Place {
  readonly run: string;
  readonly bundle: string;
  readonly args: readonly string[];
  /** the daemon's socket and that of the namespace */
  readonly sockets: readonly string[];
}

function place(test: TestContext): Place {
  const run = folder(test);
  const bundle = join(run, 'bundle');
  mkdirSync(bundle);
  const [socket, address] = [join(run, 'socket'), join(run, 'containerd.sock')];
  const sockets = [socket, namespaceSocket(run, address, 'ns')];
  for (const path of sockets) writeFileSync(path, '');
  const args = [
    ...['delete', '-address', address, '-namespace', 'ns', '-id', 'box'],
    ...['-bundle', bundle, '-socket', socket, '-run-dir', run],
  ];
  return { run, bundle, args, sockets };
}

describe('delete without a daemon', limits, () => {
  it('removes what is on record, and prints its end and nothing else', async (test) => {
    const { run, args, sockets } = place(test);
    const database = openStore(join(run, 'state.db'));
    const store = containerStore(database);
    store.add(key, '/bundle');
    store.setPid(key, 4711);
    store.add({ namespace: 'ns', id: 'other' }, '/other');
    const before = Math.floor(Date.now() / 1000);
    const { status, stdout, stderr } = await runRole(args);
    assert.deepEqual([status, stderr], [0, '']);
    const { pid, exitStatus, exitedAt } = DeleteResponse.decode(stdout);
    assert.deepEqual([pid, exitStatus], [4711, 137]);
    assert.ok(Number(exitedAt?.seconds) >= before);
    assert.deepEqual(
      store.list().map(({ id }) => id),
      ['other'],
    );
    database.close();
    assert.deepEqual(sockets.filter(existsSync), []);
    assert.equal(DeleteResponse.decode((await runRole(args)).stdout).pid, 0, 'it may be called again');
  });

  for (const [text, expected] of [
    ['815', 815],
    ['815\n', 815],
    ['', 0],
    ['-1', 0],
    ['8x', 0],
    ['99999999999999999999', 0],
  ] as const) {
    it(`takes the pid from the bundle when nothing is on record: ${JSON.stringify(text)}`, async (test) => {
      const { bundle, args } = place(test);
      writeFileSync(join(bundle, 'init.pid'), text);
      const { status, stdout } = await runRole(args);
      assert.equal(status, 0);
      assert.equal(DeleteResponse.decode(stdout).pid, expected);
    });
  }

  it('leaves sockets alone that it was not told of', async (test) => {
    const { run, bundle, sockets } = place(test);
    const { status } = await runRole([
      'delete',
      '-namespace',
      'ns',
      '-id',
      'box',
      '-bundle',
      bundle,
      '-run-dir',
      run,
    ]);
    assert.equal(status, 0);
    assert.deepEqual(sockets.filter(existsSync), sockets);
  });

  it('says in one line why it failed, exits with 1, and leaves the record', async (test) => {
    const { run, args, sockets } = place(test);
    const database = openStore(join(run, 'state.db'));
    const store = containerStore(database);
    store.add(key, '/bundle');
    store.making(key, 'oci', 'nonsense');
    const { status, stdout, stderr } = await runRole(args);
    assert.equal(status, 1);
    assert.equal(stdout.length, 0);
    assert.match(stderr, /^containerd-shim-jail: delete: .+\n$/);
    assert.equal(store.list().length, 1);
    assert.deepEqual(sockets.filter(existsSync), sockets);
    database.close();
  });

  for (const [args, message] of [
    [['delete'], '-namespace was not given'],
    [['delete', '-namespace', 'ns', '-id', 'box'], '-runDirectory was not given'],
    [
      ['delete', '-namespace', '..', '-id', 'box', '-run-dir', '/r'],
      'namespace ".." is not a valid identifier',
    ],
    [
      ['delete', '-namespace', 'ns', '-id', 'a/b', '-run-dir', '/r'],
      'container id "a/b" is not a valid identifier',
    ],
    [['delete', '-x'], 'unknown argument "-x"'],
  ] as const) {
    it(`refuses ${args.slice(1).join(' ') || 'no arguments'}`, async () => {
      const { status, stdout, stderr } = await runRole(args);
      assert.deepEqual([status, stdout.length, stderr], [1, 0, `containerd-shim-jail: delete: ${message}\n`]);
    });
  }
});

describe('the program', limits, () => {
  for (const args of [[], ['start'], ['toString']]) {
    it(`has no role ${JSON.stringify(args[0])}`, async () => {
      const { status, stdout, stderr } = await runRole(args);
      const message = `containerd-shim-jail: unknown role ${JSON.stringify(args[0])}\n`;
      assert.deepEqual([status, stdout.length, stderr], [1, 0, message]);
    });
  }
});
