import assert from 'node:assert/strict';
import { listTasks, startDetached } from './harness/containers.js';
import { runArguments } from './harness/containerd.js';
import { Events } from './harness/events.js';
import { assertCode, withContainerd } from './harness/fixture.js';
import { leftovers, shimDaemons } from './harness/leftovers.js';

const scenario = withContainerd();

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
