import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { IDLE, listTasks, remove, startDetached, statusOf } from './harness/containers.js';
import { execArguments } from './harness/containerd.js';
import { assertCode, withContainerd } from './harness/fixture.js';
import { IMAGE } from './harness/image.js';

const scenario = withContainerd();

scenario('restart: containers go on while containerd is away, and are its again', async (containerd) => {
  const ids = ['one', 'two', 'three'];
  for (const id of ids) await startDetached(containerd, id);
  const before = await listTasks(containerd);
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    await containerd.stop(signal);
    await containerd.boot();
    assert.deepEqual(await listTasks(containerd), before);
    assertCode(await containerd.ctr(execArguments(containerd, 'two', 'again', ['sh', '-c', 'exit 4'])), 4);
  }
  for (const id of ids) await remove(containerd, id);
});

scenario('restart: an end that came meanwhile is seen', async (containerd) => {
  const wait = 'trap "exit 9" TERM; while :; do sleep 1000 & wait $!; done';
  await startDetached(containerd, 'ender', ['sh', '-c', wait]);
  await startDetached(containerd, 'stayer');
  const ender = (await listTasks(containerd)).find(({ id }) => id === 'ender');
  await containerd.stop();
  process.kill(ender?.pid ?? 0, 'SIGTERM');
  await containerd.boot();
  // A live container keeps its shim; what containerd does with a stopped one differs between its versions.
  assert.equal(await statusOf(containerd, 'stayer'), 'RUNNING');
  for (let status: string | undefined = 'RUNNING'; status === 'RUNNING';)
    status = await statusOf(containerd, 'ender');
  const deleted = await containerd.ctr(['task', 'delete', 'ender']);
  if (deleted.code === 0) assert.match(deleted.stderr, /exit code 9/);
  else assert.match(deleted.stderr, /not found/);
  await containerd.tell(['container', 'delete', 'ender']);
  await remove(containerd, 'stayer');
});

scenario('restart: output that was printed meanwhile is there for the next client', async (containerd) => {
  const script = 'while read -r line && [ "$line" != quit ]; do echo "got $line"; done; exit 8';
  await startDetached(containerd, 'talker', ['sh', '-c', script], []);
  const first = containerd.startCtr(['task', 'attach', 'talker']);
  first.child.stdin.write('one\n');
  await first.until(/got one/);
  // A client that sees containerd go would remove the FIFOs.
  first.child.kill('SIGKILL');
  await first.outcome;
  await containerd.stop('SIGKILL');
  await containerd.boot();
  const second = containerd.startCtr(['task', 'attach', 'talker']);
  second.child.stdin.write('two\nquit\n');
  await second.until(/got two/);
  assertCode(await second.outcome, 8);
  await remove(containerd, 'talker');
});

scenario(
  'restart: a bundle that was left of a container that is not there is no task',
  async (containerd) => {
    await startDetached(containerd, 'real');
    await containerd.tell(['container', 'create', IMAGE, 'ghost', ...IDLE]);
    const bundles = join(
      containerd.directory,
      'state',
      'io.containerd.runtime.v2.task',
      containerd.namespace,
    );
    await containerd.stop('SIGKILL');
    // All that a container's bundle has, so that containerd asks the daemon of `real` for it.
    cpSync(join(bundles, 'real'), join(bundles, 'ghost'), {
      recursive: true,
      filter: (path) => !['rootfs', 'log', 'work'].includes(basename(path)),
    });
    mkdirSync(join(bundles, 'ghost', 'rootfs'));
    await containerd.boot();
    assert.deepEqual(
      (await listTasks(containerd)).map(({ id, status }) => `${id} ${status}`),
      ['real RUNNING'],
    );
    assert.equal(existsSync(join(bundles, 'ghost')), false);
    // It can be started like any other.
    await containerd.tell(['task', 'start', '--detach', '--null-io', 'ghost']);
    assert.equal(await statusOf(containerd, 'ghost'), 'RUNNING');
    await remove(containerd, 'ghost');
    await remove(containerd, 'real');
  },
);
