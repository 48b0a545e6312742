import assert from 'node:assert/strict';
import { listTasks, startDetached } from './harness/containers.js';
import { runArguments } from './harness/containerd.js';
import { Events } from './harness/events.js';
import { assertCode, withContainerd } from './harness/fixture.js';
import { leftovers, shimDaemons } from './harness/leftovers.js';

const scenario = withContainerd();

scenario(
  'crash: of the shim with 20 containers: reported gone, nothing left, the next one runs',
  async (containerd) => {
    const events = await Events.follow(containerd);
    const ids = Array.from({ length: 20 }, (_, index) => `crash-${index}`);
    await Promise.all(
      ids.map((id) => startDetached(containerd, id, ['sh', '-c', 'sleep 1000 & exec sleep 1000'])),
    );
    assert.equal((await listTasks(containerd)).length, 20);
    const daemons = shimDaemons(containerd);
    assert.equal(daemons.length, containerd.shim === 'ours' ? 1 : 20);
    for (const pid of daemons) process.kill(pid, 'SIGKILL');

    for (const id of ids) await events.until('/tasks/delete', id);
    const exits = events.all().filter(({ topic }) => topic === '/tasks/exit');
    assert.deepEqual(exits.map(({ container }) => container).sort(), [...ids].sort());
    // containerd gives the shim 5 seconds to tell how each ended, and says 255 where it did not wait for it.
    for (const { status, container } of exits)
      assert.ok(status === 137 || status === 255, `${container}: ${status}`);
    await events.close();
    assert.deepEqual(await listTasks(containerd), []);
    assert.deepEqual(await leftovers(containerd), []);

    for (const id of ids) await containerd.tell(['container', 'delete', id]);
    assertCode(await containerd.ctr(runArguments(containerd, 'next', ['sh', '-c', 'exit 6'])), 6);
  },
);

scenario('crash: of the shim while containerd is away is found out at its return', async (containerd) => {
  const ids = ['first', 'second', 'third'];
  for (const id of ids) await startDetached(containerd, id);
  await containerd.stop('SIGKILL');
  for (const pid of shimDaemons(containerd)) process.kill(pid, 'SIGKILL');
  await containerd.boot();
  assert.deepEqual(await listTasks(containerd), []);
  assert.deepEqual(await leftovers(containerd), []);
  for (const id of ids) await containerd.tell(['container', 'delete', id]);
  assertCode(await containerd.ctr(runArguments(containerd, 'next', ['true'])), 0);
});

scenario('crash: a paused container does not outlive its shim', async (containerd) => {
  const events = await Events.follow(containerd);
  await startDetached(containerd, 'frozen');
  await containerd.tell(['task', 'pause', 'frozen']);
  for (const pid of shimDaemons(containerd)) process.kill(pid, 'SIGKILL');
  await events.until('/tasks/delete', 'frozen');
  await events.close();
  assert.deepEqual(await leftovers(containerd), []);
  await containerd.tell(['container', 'delete', 'frozen']);
});
