import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { complaint, createFixture, isAlive, names } from './fixture.js';

// With the sanitizer build, which waits 1.5 s and not 30 for a daemon that hangs.
suite('a daemon that does not come to serve', () => {
  const failures: [string, string][] = [
    ['exit', 'the daemon exited with status 3 before it served'],
    ['throw', 'the daemon exited with status 1 before it served: TypeError: no such thing'],
    ['complain', 'the daemon exited with status 9 before it served: cannot go on'],
    ['die', 'the daemon was killed by signal 9 (Killed) before it served'],
    ['error', 'the daemon failed to start: state.db: database is locked'],
    ['babble', 'the daemon says "hello" instead of "ready"'],
    ['close', 'the daemon closed its status pipe and was killed before it served'],
    ['hang', 'the daemon did not serve within 1500 ms and was killed'],
  ];
  for (const [fake, message] of failures) {
    test(fake, async (context) => {
      const fixture = createFixture(context, 'sanitize');
      const result = await fixture.start({ fake });
      assert.deepEqual([result.status, result.stdout.length], [1, 0]);
      assert.equal(complaint(result), message);
      assert.deepEqual(names(fixture.socketDirectory), []);
      assert.deepEqual(names(fixture.bundle), []);
      const [pid] = fixture.daemons();
      assert.ok(pid !== undefined);
      assert.equal(isAlive(pid, fixture.directory), false);
      // Nothing is in the way of the next attempt.
      assert.equal((await fixture.start()).status, 0);
    });
  }

  const programs: [string, string, RegExp][] = [
    ['there is none', '/nonexistent/node', /^cannot execute \/nonexistent\/node: No such file or directory$/],
    ['it is a directory', '/tmp', /^cannot execute \/tmp: Permission denied$/],
    ['it is no program', '<script>', /^cannot execute .*\/script: Exec format error$/],
  ];
  for (const [name, node, message] of programs) {
    test(`node: ${name}`, async (context) => {
      const fixture = createFixture(context, 'sanitize');
      const script = join(fixture.directory, 'script');
      writeFileSync(script, 'not a program', { mode: 0o755 });
      fixture.configure(
        `socket_dir = "${fixture.socketDirectory}"`,
        `run_dir = "${fixture.runDirectory}"`,
        `node = "${node.replace('<script>', script)}"`,
      );
      const result = await fixture.start();
      assert.deepEqual([result.status, result.stdout.length], [1, 0]);
      assert.match(complaint(result), message);
      assert.deepEqual(names(fixture.socketDirectory), []);
    });
  }

  test('node is looked for on PATH, but not in relative folders', async (context) => {
    const fixture = createFixture(context, 'sanitize');
    writeFileSync(join(fixture.bundle, 'node'), '#!/bin/sh\nexit 9\n', { mode: 0o755 });
    const folder = join(fixture.directory, 'lib');
    writeFileSync(join(folder, 'node'), `#!/bin/sh\nexit 8\n`, { mode: 0o755 });
    const result = await fixture.start({ environment: { PATH: `.::bundle:${folder}` } });
    assert.equal(complaint(result), 'the daemon exited with status 8 before it served');
  });
});

suite('a daemon that serves badly', () => {
  test('one that does not answer is not fought with a second', async (context) => {
    const fixture = createFixture(context, 'sanitize');
    const { socket } = fixture.group('containerd-shim-jail');
    const results = [await fixture.start({ fake: 'silent' }), await fixture.start()];
    for (const result of results) {
      assert.equal(result.status, 1);
      assert.equal(complaint(result), `the daemon on ${socket} accepts connections but does not answer`);
    }
    assert.equal(fixture.daemons().length, 1);
  });

  const answers: [string, (socket: string) => string][] = [
    ['refuse', (socket) => `the daemon on ${socket} refuses Reserve: id?is bad (code 3)`],
    ['huge', (socket) => `the daemon on ${socket} does not speak ttrpc: a frame of 2130706432 bytes`],
    ['garbage', (socket) => `the daemon on ${socket} does not speak ttrpc: its answer is not a Response`],
    ['drop', (socket) => `the daemon on ${socket} drops every connection`],
  ];
  for (const [fake, message] of answers) {
    test(fake, async (context) => {
      const fixture = createFixture(context, 'sanitize');
      const { socket } = fixture.group('containerd-shim-jail');
      const results = [await fixture.start({ fake }), await fixture.start()];
      for (const result of results) {
        assert.deepEqual([result.status, result.stdout.length], [1, 0]);
        assert.equal(complaint(result), message(socket));
      }
      assert.equal(fixture.daemons().length, 1);
    });
  }

  test('one that leaves as soon as it serves', async (context) => {
    const fixture = createFixture(context, 'sanitize');
    assert.equal(
      complaint(await fixture.start({ fake: 'leaving' })),
      'the daemon ended as soon as it served',
    );
  });
});
