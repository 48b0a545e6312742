import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createFixture, type Fixture } from './fixture.js';
import { compileHelper } from './programs.js';

/** A fixture whose node is the recorder; what it wrote is returned by the function. */
function createRecorded(context: TestContext): {
  fixture: Fixture;
  environment: Record<string, string>;
  record: () => string[];
} {
  const fixture = createFixture(context);
  fixture.configure(
    `socket_dir = "${fixture.socketDirectory}"`,
    `run_dir = "${fixture.runDirectory}"`,
    `node = "${compileHelper('recorder', fixture.directory)}"`,
  );
  const path = join(fixture.directory, 'record');
  return {
    fixture,
    environment: { RECORD: path, REAL_NODE: process.execPath },
    record: () => readFileSync(path, 'utf8').split('\n').slice(0, -1),
  };
}

const daemonDescriptors = ['fd 0 null', 'fd 1 null', 'fd 2 file', 'fd 3 socket', 'fd 4 pipe', 'fd 5 file'];

test('the daemon finds six descriptors, no signals changed, a session of its own', async (context) => {
  const { fixture, environment, record } = createRecorded(context);
  const { launcher, bundle, address } = fixture;
  const extra = openSync(launcher, 'r');
  const child = spawn(launcher, ['-namespace', 'space', '-id', 'box', '-address', address, 'start'], {
    cwd: bundle,
    env: {
      ...process.env,
      ...environment,
      FAKE: 'serve',
      FAKE_LOG: join(fixture.directory, 'log'),
      CONTAINERD_SHIM_JAIL_CONFIG: join(fixture.directory, 'shim.toml'),
    },
    stdio: ['ignore', 'pipe', 'pipe', extra, extra, extra, extra, 'pipe', extra],
  });
  closeSync(extra);
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  assert.deepEqual(
    record().filter((line) => !line.startsWith('word ')),
    [...daemonDescriptors, 'leader 1', 'cwd /'],
  );
});

test('signals that the caller ignores or blocks reach the daemon as always', async (context) => {
  const { fixture, environment, record } = createRecorded(context);
  const script = 'trap "" HUP INT TERM USR1 USR2 CHLD PIPE; exec "$0" "$@"';
  const result = await fixture.start({ environment, through: ['/bin/sh', '-c', script] });
  assert.deepEqual([result.status, result.stderr], [0, '']);
  assert.deepEqual(
    record().filter((line) => /^(ignored|blocked) /.test(line)),
    [],
  );
});

for (const [name, redirection] of [
  ['standard input', '<&-'],
  ['standard error', '2>&-'],
  ['both', '<&- 2>&-'],
]) {
  test(`${name} closed: nothing else takes the number`, async (context) => {
    const { fixture, environment, record } = createRecorded(context);
    const through = ['/bin/sh', '-c', `exec "$0" "$@" ${redirection ?? ''}`];
    const result = await fixture.start({ environment, through });
    assert.equal(result.status, 0);
    assert.match(result.stdout.toString(), /^unix:/);
    assert.deepEqual(
      record().filter((line) => line.startsWith('fd ')),
      daemonDescriptors,
    );
  });
}

test('standard output and error end with the launcher', async (context) => {
  // Result is there only when both pipes have ended, and the daemon lives on.
  const fixture = createFixture(context);
  await fixture.start();
  const [pid] = fixture.daemons();
  assert.ok(pid !== undefined);
  process.kill(pid, 0);
});

test('main.js delete finds the lock as 5, and the output', async (context) => {
  const { fixture, environment, record } = createRecorded(context);
  const result = await fixture.remove({ environment });
  assert.equal(result.status, 0);
  assert.deepEqual(
    record().filter((line) => line.startsWith('fd ')),
    ['fd 0 null', 'fd 1 socket', 'fd 2 socket', 'fd 5 file'],
  );
});

test('a terminal as standard input is not read', async (context) => {
  const fixture = createFixture(context);
  const terminal = compileHelper('terminal', fixture.directory);
  const result = await fixture.start({ through: [terminal] });
  assert.deepEqual([result.status, result.stderr], [0, '']);
});
