import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { complaint, createFixture, isAlive, names } from './fixture.js';
import { bootstrapParams, bytesField, numberField, optionsAny } from './message.js';

suite('start without a daemon', () => {
  test('starts one, writes and prints its address', async (context) => {
    const fixture = createFixture(context);
    const { socket, runDirectory } = fixture.group('containerd-shim-jail');
    const result = await fixture.start({ flags: ['-debug'] });
    assert.deepEqual(result, { status: 0, stdout: Buffer.from(`unix://${socket}`), stderr: '' });
    assert.equal(readFileSync(join(fixture.bundle, 'address'), 'utf8'), `unix://${socket}`);
    assert.equal(readFileSync(join(fixture.bundle, 'containerd-shim-jail.socket'), 'utf8'), socket);
    assert.deepEqual(names(fixture.bundle), ['address', 'containerd-shim-jail.socket']);

    const [started, reserved, ...more] = fixture.log();
    const main = realpathSync(join(fixture.directory, 'lib/containerd-shim-jail/src/main.js'));
    assert.deepEqual(started?.words, [
      'serve',
      ...['-address', fixture.address, '-namespace', 'space', '-socket', socket, '-run-dir', runDirectory],
      ...['-group', join(fixture.address, 'containerd-shim-jail'), '-debug'],
    ]);
    assert.equal(started.argv0, 'containerd-shim-jail');
    assert.deepEqual(started.execArgv, ['--max-semi-space-size=1', '--optimize-for-size', '--expose-gc']);
    assert.ok(main.startsWith(realpathSync(fixture.directory)));
    const { service, method, namespace, id, bundle } = reserved ?? {};
    assert.deepEqual(
      { service, method, namespace, id, bundle },
      {
        service: 'containerd.shim.jail.v1.Daemon',
        method: 'Reserve',
        namespace: 'space',
        id: 'box',
        bundle: realpathSync(fixture.bundle),
      },
    );
    assert.deepEqual(more, []);
  });

  test('makes everything for its user alone', async (context) => {
    const fixture = createFixture(context);
    const { socket, runDirectory } = fixture.group('containerd-shim-jail');
    await fixture.start();
    const modes = [
      fixture.socketDirectory,
      socket,
      fixture.runDirectory,
      runDirectory,
      join(runDirectory, 'lock'),
    ].map((path) => (lstatSync(path).mode & 0o7777).toString(8));
    assert.deepEqual(modes, ['700', '600', '700', '700', '600']);
    assert.ok(lstatSync(socket).isSocket());
  });

  test('prints the address that the daemon gives for its tasks', async (context) => {
    const fixture = createFixture(context);
    const result = await fixture.start({ environment: { FAKE_TASK_SOCKET: '/run/tasks' } });
    assert.equal(result.stdout.toString(), 'unix:///run/tasks');
    assert.equal(readFileSync(join(fixture.bundle, 'address'), 'utf8'), 'unix:///run/tasks');
    const { socket } = fixture.group('containerd-shim-jail');
    assert.equal(readFileSync(join(fixture.bundle, 'containerd-shim-jail.socket'), 'utf8'), socket);
  });

  test('refuses an address that is no path', async (context) => {
    const fixture = createFixture(context);
    const result = await fixture.start({ environment: { FAKE_TASK_SOCKET: 'tasks' } });
    assert.equal(result.status, 1);
    assert.match(complaint(result), /does not say where its tasks are served/);
  });

  test('does not let the caller change what Node runs', async (context) => {
    const fixture = createFixture(context);
    const environment = {
      NODE_OPTIONS: '--no-such-option',
      NODE_CHANNEL_FD: '3',
      NODE_UNIQUE_ID: '1',
      MALLOC_ARENA_MAX: '64',
      KEPT: 'kept',
    };
    assert.equal((await fixture.start({ environment })).status, 0);
    const seen = fixture.log()[0]?.environment ?? {};
    assert.deepEqual(
      [
        seen['NODE_OPTIONS'],
        seen['NODE_CHANNEL_FD'],
        seen['NODE_UNIQUE_ID'],
        seen['MALLOC_ARENA_MAX'],
        seen['KEPT'],
      ],
      [undefined, undefined, undefined, '1', 'kept'],
    );
  });

  test('replaces the socket of a daemon that was killed', async (context) => {
    const fixture = createFixture(context);
    await fixture.start();
    await fixture.killDaemons();
    const { socket } = fixture.group('containerd-shim-jail');
    assert.ok(lstatSync(socket).isSocket());
    const result = await fixture.start();
    assert.deepEqual(result, { status: 0, stdout: Buffer.from(`unix://${socket}`), stderr: '' });
    assert.equal(fixture.daemons().length, 2);
  });

  test('starts no second one while a daemon lives whose socket was removed', async (context) => {
    const fixture = createFixture(context, 'sanitize');
    await fixture.start({ fake: 'unlinked' });
    const { socket, runDirectory } = fixture.group('containerd-shim-jail');
    const result = await fixture.start();
    assert.equal(result.status, 1);
    assert.equal(
      complaint(result),
      `the daemon of ${runDirectory} lives, as it holds the lock ${runDirectory}/daemon, ` +
        `but does not serve its socket ${socket}: was that removed?`,
    );
    assert.equal(fixture.daemons().length, 1);
    await fixture.killDaemons();
    assert.equal((await fixture.start()).status, 0);
  });

  test('starts another when the daemon is leaving', async (context) => {
    const fixture = createFixture(context);
    await fixture.start({ fake: 'leaving' });
    assert.equal((await fixture.start()).status, 0);
    const [first = 0, ...others] = fixture.daemons();
    assert.equal(others.length, 1);
    assert.ok(!isAlive(first, fixture.directory), 'two daemons never work on one run directory');
    // From now on the second answers.
    assert.equal((await fixture.start({ fake: 'exit' })).status, 0);
  });
});

suite('start with a daemon', () => {
  test('uses it, and writes the address for each container', async (context) => {
    const fixture = createFixture(context);
    const first = await fixture.start();
    rmSync(join(fixture.bundle, 'address'));
    // A second daemon would end at once.
    const second = await fixture.start({ id: 'other', namespace: 'another', fake: 'exit' });
    assert.deepEqual(second, first);
    assert.deepEqual(readFileSync(join(fixture.bundle, 'address')), first.stdout);
    assert.deepEqual(
      fixture.log().map(({ method, namespace, id }) => ({ method, namespace, id })),
      [
        { method: undefined, namespace: undefined, id: undefined },
        { method: 'Reserve', namespace: 'space', id: 'box' },
        { method: 'Reserve', namespace: 'another', id: 'other' },
      ],
    );
  });

  test('twenty at the same moment end with one daemon', async (context) => {
    const fixture = createFixture(context);
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) => fixture.start({ id: `box${index}` })),
    );
    const { socket } = fixture.group('containerd-shim-jail');
    for (const result of results) {
      assert.deepEqual(result, { status: 0, stdout: Buffer.from(`unix://${socket}`), stderr: '' });
    }
    assert.equal(fixture.daemons().length, 1);
    const reserved = fixture.log().filter(({ method }) => method === 'Reserve');
    assert.equal(new Set(reserved.map(({ id }) => id)).size, 20);
  });

  test('twenty after it was killed end with one daemon', async (context) => {
    const fixture = createFixture(context);
    await fixture.start();
    await fixture.killDaemons();
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) => fixture.start({ id: `box${index}` })),
    );
    assert.deepEqual(new Set(results.map(({ status }) => status)), new Set([0]));
    assert.equal(fixture.daemons().length, 2);
  });

  test('takes the answer out of other frames', async (context) => {
    const fixture = createFixture(context);
    assert.equal((await fixture.start({ fake: 'chatty' })).status, 0);
    assert.equal((await fixture.start({ fake: 'exit' })).status, 0);
  });

  test('does not start a second one when the directory of sockets changed', async (context) => {
    const fixture = createFixture(context);
    const first = await fixture.start();
    fixture.configure(`socket_dir = "${fixture.directory}/t"`, `run_dir = "${fixture.runDirectory}"`);
    assert.deepEqual(await fixture.start({ fake: 'exit' }), first);
    assert.equal(fixture.daemons().length, 1);
  });
});

suite('what containerd says on standard input', () => {
  const box = { id: 'box', namespace: 'space' };

  test('BootstrapParams are answered with a BootstrapResult', async (context) => {
    const fixture = createFixture(context);
    const { socket } = fixture.group('containerd-shim-jail');
    const result = await fixture.start({ input: bootstrapParams(box) });
    const answer = [numberField(1, 3), bytesField(2, `unix://${socket}`), bytesField(3, 'ttrpc')];
    assert.deepEqual(result, { status: 0, stdout: Buffer.concat(answer), stderr: '' });
    // The file is the old contract's, whatever is printed.
    assert.equal(readFileSync(join(fixture.bundle, 'address'), 'utf8'), `unix://${socket}`);
  });

  const plain: [string, Buffer][] = [
    ['nothing', Buffer.alloc(0)],
    ['runtime options', optionsAny('')],
    ['the params of another container', bootstrapParams({ ...box, id: 'other' })],
    ['no message at all', Buffer.from('\xff\xff{}', 'latin1')],
  ];
  for (const [name, input] of plain) {
    test(`${name}: answered with the address alone`, async (context) => {
      const fixture = createFixture(context);
      const { socket } = fixture.group('containerd-shim-jail');
      assert.deepEqual(await fixture.start({ input }), {
        status: 0,
        stdout: Buffer.from(`unix://${socket}`),
        stderr: '',
      });
    });
  }

  test('socket_dir counts when the configuration names none', async (context) => {
    const fixture = createFixture(context);
    fixture.configure(`run_dir = "${fixture.runDirectory}"`);
    const socketDir = join(fixture.directory, 'x');
    const result = await fixture.start({ input: bootstrapParams({ ...box, socketDir }) });
    assert.equal(result.stderr, '');
    assert.equal(names(socketDir).length, 1);
    // `delete` has no standard input, and finds the daemon all the same.
    const removed = await fixture.remove();
    assert.equal(removed.status, 0);
    assert.equal(fixture.log().at(-1)?.method, 'Cleanup');
  });

  test('the configured directory of sockets counts before socket_dir', async (context) => {
    const fixture = createFixture(context);
    const socketDir = join(fixture.directory, 'x');
    assert.equal((await fixture.start({ input: bootstrapParams({ ...box, socketDir }) })).status, 0);
    assert.deepEqual([names(socketDir).length, names(fixture.socketDirectory).length], [0, 1]);
  });

  test('more than 10 MiB are refused', async (context) => {
    const fixture = createFixture(context);
    const result = await fixture.start({ input: Buffer.alloc((10 << 20) + 1) });
    assert.equal(complaint(result), 'standard input is larger than 10485760 bytes');
    const just = await fixture.start({ input: bytesField(9, Buffer.alloc((10 << 20) - 5)) });
    assert.equal(just.status, 0);
  });
});

suite('bad input', () => {
  test('a socket path that is too long', async (context) => {
    const fixture = createFixture(context);
    fixture.configure(`socket_dir = "/tmp/${'x'.repeat(60)}"`);
    const result = await fixture.start();
    assert.equal(result.status, 1);
    assert.match(
      complaint(result),
      /^socket path \/tmp\/x+\/[0-9a-f]{64} has 130 bytes, the limit is 10[37]: choose a shorter/,
    );
  });

  test('the longest socket path works', async (context) => {
    const fixture = createFixture(context);
    const most = process.platform === 'linux' ? 42 : 38;
    const directory = `${fixture.directory}/`.padEnd(most, 's');
    fixture.configure(`socket_dir = "${directory}"`, `run_dir = "${fixture.runDirectory}"`);
    assert.equal((await fixture.start()).status, 0);
  });

  test('a directory of sockets that cannot be made', async (context) => {
    const fixture = createFixture(context);
    writeFileSync(join(fixture.directory, 'file'), '');
    fixture.configure(`socket_dir = "${fixture.directory}/file/s"`, `run_dir = "${fixture.runDirectory}"`);
    const result = await fixture.start();
    assert.deepEqual([result.status, result.stdout.length], [1, 0]);
    assert.match(complaint(result), /cannot look at .*\/file\/s: Not a directory$/);
  });

  test('a directory of sockets that others may write', async (context) => {
    const fixture = createFixture(context);
    mkdirSync(fixture.socketDirectory);
    chmodSync(fixture.socketDirectory, 0o1777);
    const result = await fixture.start();
    assert.equal(result.status, 1);
    assert.match(
      complaint(result),
      /\/s can be written by others \(mode 1777\): it must be its owner's alone$/,
    );
  });

  test('a run directory that cannot be made', async (context) => {
    const fixture = createFixture(context);
    writeFileSync(fixture.runDirectory, '');
    const result = await fixture.start();
    assert.match(
      complaint(result),
      /cannot make directory .*\/run\/[0-9a-f]{16}: .*\/run is not a directory$/,
    );
  });

  test('something else in the place of the socket', async (context) => {
    const fixture = createFixture(context);
    mkdirSync(fixture.socketDirectory, { mode: 0o700 });
    const { socket } = fixture.group('containerd-shim-jail');
    writeFileSync(socket, 'precious');
    const result = await fixture.start();
    assert.equal(complaint(result), `${socket} is in the way: it is not a socket`);
    assert.equal(readFileSync(socket, 'utf8'), 'precious');
  });

  test('a bundle that is gone', async (context) => {
    const fixture = createFixture(context);
    const result = await fixture.start({ through: ['/bin/sh', '-c', 'rmdir "$PWD" && exec "$0" "$@"'] });
    assert.equal(result.status, 1);
    assert.match(
      complaint(result),
      /^start: cannot find the bundle, which is the working directory: No such file/,
    );
  });

  test('a configuration that is not right', async (context) => {
    const fixture = createFixture(context);
    fixture.configure('# one', 'grouping = 1');
    assert.equal(
      complaint(await fixture.start()),
      `${fixture.directory}/shim.toml:2: the value of grouping is not a string on one line`,
    );
    rmSync(join(fixture.directory, 'shim.toml'));
    assert.match(complaint(await fixture.start()), /^cannot read .*\/shim\.toml: No such file or directory$/);
    const relative = await fixture.start({ environment: { CONTAINERD_SHIM_JAIL_CONFIG: 'shim.toml' } });
    assert.match(complaint(relative), /must be an absolute path$/);
  });

  test('a daemon that is not installed', async (context) => {
    const fixture = createFixture(context);
    rmSync(join(fixture.directory, 'lib'), { recursive: true });
    const result = await fixture.start();
    assert.match(
      complaint(result),
      /^the daemon is not installed: there is neither .*\/lib\/containerd-shim-jail\/src\/main\.js nor \//,
    );
    assert.deepEqual(names(fixture.socketDirectory), []);
  });

  test('standard output that is closed', async (context) => {
    const fixture = createFixture(context);
    const result = await fixture.start({ through: ['/bin/sh', '-c', 'exec "$0" "$@" >&-'] });
    assert.equal(complaint(result), 'standard output is closed');
    assert.deepEqual(fixture.log(), []);
  });
});

test('a server of something else is not taken for the daemon', async (context) => {
  const fixture = createFixture(context);
  const { socket } = fixture.group('containerd-shim-jail');
  mkdirSync(fixture.socketDirectory, { mode: 0o700 });
  const server = createServer((connection) => {
    // The launcher hangs up when it has seen enough.
    connection.on('error', () => undefined);
    connection.end('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  context.after(() => {
    server.close();
  });
  const result = await fixture.start();
  assert.equal(
    complaint(result),
    `the daemon on ${socket} does not speak ttrpc: a frame of 1213486160 bytes`,
  );
  assert.ok(statSync(socket).isSocket());
});
