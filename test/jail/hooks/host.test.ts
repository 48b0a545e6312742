import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { runHostHook } from '../../../src/jail/hooks/host.js';
import type { Hook } from '../../../src/jail/plan/hooks.js';

/** More than any of these hooks takes on the slowest machine. */
const patient = 60_000;

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'hook-'));
  t.after(() => {
    rmSync(path, { recursive: true });
  });
  return path;
}

function shell(script: string, env: string[] = []): Hook {
  return { path: '/bin/sh', args: ['sh', '-c', script], env, timeout: undefined, field: 'hooks.x[0]' };
}

test('a hook gets its state, arguments, environment and directory, and nothing of the shim’s', async (t) => {
  const out = join(folder(t), 'out');
  const script = `{ cat; echo; echo "$0 $1"; pwd; env | grep -v -e ^PWD= -e ^SHLVL= -e ^_= -e ^OLDPWD= | sort; } > "$OUT"`;
  const hook = { ...shell(script), args: ['sh', '-c', script, 'me', 'one'] as [string, ...string[]] };
  const end = await runHostHook({ ...hook, env: [`OUT=${out}`, 'B=x=y'] }, '{"id":"box"}', patient);
  assert.deepEqual(end, { failure: undefined, stderr: '' });
  assert.deepEqual(readFileSync(out, 'utf8').split('\n'), [
    '{"id":"box"}',
    'me one',
    '/',
    'B=x=y',
    `OUT=${out}`,
    '',
  ]);
});

test('the first argument is what the hook is called', async (t) => {
  const out = join(folder(t), 'out');
  // A shell without arguments reads its script, which here is the state.
  const hook: Hook = { ...shell(''), args: ['called'] };
  await runHostHook(hook, `echo "$0" > ${out}`, patient);
  assert.equal(readFileSync(out, 'utf8'), 'called\n');
});

test('a hook need not read its state', async () => {
  const end = await runHostHook(shell('exec 0<&-; exit 0'), 'x'.repeat(1_000_000), patient);
  assert.equal(end.failure, undefined);
});

test('a hook that fails says so with what it wrote', async () => {
  const end = await runHostHook(shell('echo on stdout; echo why >&2; exit 3'), '', patient);
  assert.deepEqual(end, { failure: 'exited with status 3', stderr: 'why\n' });
});

test('of much output the end is kept', async () => {
  const script = 'i=0; while [ $i -lt 3000 ]; do echo line $i >&2; i=$((i+1)); done; exit 1';
  const { stderr } = await runHostHook(shell(script), '', patient);
  assert.ok(stderr.length <= 2048);
  assert.ok(stderr.endsWith('line 2999\n'));
});

test('a hook that a signal ends says which', async () => {
  const end = await runHostHook(shell('kill -TERM $$'), '', patient);
  assert.deepEqual(end, { failure: 'was killed by SIGTERM', stderr: '' });
});

test('a hook whose time is up is killed with all that it started', async (t) => {
  const fifo = join(folder(t), 'fifo');
  execFileSync('mkfifo', [fifo]);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const ended = runHostHook(shell(`exec 3>${fifo}; sleep 1000 & echo late >&2; echo >&3; wait`), '', 5000);
  const alive = createReadStream(fifo);
  // It ends when all who could write to it are gone.
  const gone = once(alive.resume(), 'end');
  await once(alive, 'data');
  t.mock.timers.tick(4999);
  t.mock.timers.tick(1);
  const end = await ended;
  assert.deepEqual(end, { failure: 'took more than 5 s', stderr: 'late\n' });
  await gone;
});

test('a hook that cannot be executed is an error that names it', async () => {
  await assert.rejects(runHostHook({ ...shell(''), path: '/nonexistent' }, '', patient), {
    message: /^cannot execute \/nonexistent: .*ENOENT/,
  });
});

test('a daemon that a hook leaves behind is not waited for', async (t) => {
  const out = join(folder(t), 'pid');
  const end = await runHostHook(shell(`sleep 1000 & echo $! > ${out}`), '', patient);
  assert.equal(end.failure, undefined);
  process.kill(Number(readFileSync(out, 'utf8')), 'SIGKILL');
});
