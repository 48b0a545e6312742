import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { remove, startDetached } from './harness/containers.js';
import { runArguments } from './harness/containerd.js';
import { assertCode, withContainerd } from './harness/fixture.js';
import { IMAGE } from './harness/image.js';
import { writeSpec } from './harness/spec.js';

const scenario = withContainerd();

scenario(
  'rootfs: what a container writes is gone with it, its snapshot and its mounts too',
  async (containerd) => {
    const snapshots = await containerd.tell(['snapshot', 'list']);
    const write = 'echo changed > /etc/passwd && cat /etc/passwd';
    const first = await containerd.ctr(runArguments(containerd, 'writer', ['sh', '-c', write]));
    assertCode(first, 0);
    assert.equal(first.stdout, 'changed\n');
    const second = await containerd.ctr(
      runArguments(containerd, 'reader', ['head', '-n', '1', '/etc/passwd']),
    );
    assert.equal(second.stdout, 'root:x:0:0:root:/root:/bin/sh\n');
    assert.equal(await containerd.tell(['snapshot', 'list']), snapshots);
  },
);

scenario('rootfs: an image that is removed leaves no layer behind', async (containerd) => {
  assertCode(await containerd.ctr(runArguments(containerd, 'user', ['true'], ['--rm', '--null-io'])), 0);
  await containerd.tell(['image', 'remove', '--sync', IMAGE]);
  assert.equal(await containerd.tell(['image', 'list', '--quiet']), '');
  assert.equal(await containerd.tell(['content', 'list', '--quiet']), '');
  assert.equal((await containerd.tell(['snapshot', 'list'])).trimEnd().split('\n').length, 1);
  await containerd.importImage();
});

scenario('rootfs: read-only, and a bind mount of the host in it', async (containerd) => {
  const shared = join(containerd.directory, 'shared');
  mkdirSync(shared);
  writeFileSync(join(shared, 'from-host'), 'hello\n');
  const mount = `type=bind,src=${shared},dst=/mnt,options=rbind:rw`;
  const script = 'cat /mnt/from-host; echo back > /mnt/from-container; touch /etc/new || exit 30';
  const outcome = await containerd.ctr(
    runArguments(containerd, 'bound', ['sh', '-c', script], ['--rm', '--read-only', '--mount', mount]),
  );
  assertCode(outcome, 30);
  assert.equal(outcome.stdout, 'hello\n');
  assert.equal(readFileSync(join(shared, 'from-container'), 'utf8'), 'back\n');
});

scenario('rootfs: a directory of the host, with no mounts to make', async (containerd) => {
  const spec = await writeSpec(containerd, 'plain', ['sh', '-c', 'test -x /bin/busybox && exit 12']);
  const flags = ['--rm', '--fifo-dir', containerd.fifoDirectory];
  assertCode(await containerd.ctr(['run', ...flags, '--config', spec, 'plain']), 12);
});

scenario(
  'rootfs: a mount that cannot be made fails the container, by name, and harms no other',
  async (containerd) => {
    await startDetached(containerd, 'witness');
    const spec = await writeSpec(containerd, 'odd', ['true'], (changed) => {
      changed.mounts.push({ destination: '/odd', type: 'no-such-type', source: 'none' });
    });
    const outcome = await containerd.ctr(['run', '--null-io', '--config', spec, 'odd']);
    assert.notEqual(outcome.code, 0);
    assert.match(outcome.stderr, /no-such-type|\bodd\b/);
    assert.equal(outcome.stderr.trimEnd().split('\n').length, 1, outcome.stderr);
    await containerd.tell(['container', 'delete', 'odd']);
    const lost = await writeSpec(containerd, 'lost', ['true'], (changed) => {
      changed.root.path = '/no/such/directory';
    });
    const second = await containerd.ctr(['run', '--null-io', '--config', lost, 'lost']);
    assert.notEqual(second.code, 0);
    assert.match(second.stderr, /\/no\/such\/directory/);
    await containerd.tell(['container', 'delete', 'lost']);
    assert.match(await containerd.tell(['task', 'list']), /witness +\d+ +RUNNING/);
    await remove(containerd, 'witness');
  },
);
