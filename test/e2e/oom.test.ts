import assert from 'node:assert/strict';
import { remove, startDetached, statusOf } from './harness/containers.js';
import { execArguments, type Containerd } from './harness/containerd.js';
import { Events, type TaskEvent } from './harness/events.js';
import { assertCode, withContainerd } from './harness/fixture.js';
import { cannotLimitMemory, limitMemory } from './harness/memory.js';
import { writeSpec } from './harness/spec.js';

const scenario = withContainerd({}, cannotLimitMemory());

const limit = 24 << 20;
/** Reads what has no end into its memory: busybox keeps the last lines, and here is only one. */
const eat = 'tail /dev/zero';

/** Starts a container that may use `limit` bytes. */
async function startLimited(containerd: Containerd, id: string, args: readonly string[]): Promise<void> {
  const spec = await writeSpec(containerd, id, args, (its) => {
    limitMemory(its, limit);
  });
  await containerd.tell(['run', '--detach', '--null-io', '--config', spec, id]);
}

function topics(events: readonly TaskEvent[], container: string): string[] {
  return events
    .filter((event) => event.container === container)
    .map(({ topic, exec = '', status }) => [topic, exec, status || ''].join(' ').trimEnd());
}

scenario('oom: of init is told before its exit with status 137', async (containerd) => {
  const events = await Events.follow(containerd);
  await startLimited(containerd, 'hungry', eat.split(' '));
  const seen = topics(await events.until('/tasks/exit', 'hungry'), 'hungry');
  assert.equal(seen.at(-1), '/tasks/exit  137');
  assert.ok(seen.includes('/tasks/oom'), seen.join(', '));
  assert.equal(await statusOf(containerd, 'hungry'), 'STOPPED');
  await remove(containerd, 'hungry');
  await events.close();
});

scenario(
  'oom: of another process is told while the container goes on, and of no other one',
  async (containerd) => {
    const events = await Events.follow(containerd);
    await startDetached(containerd, 'modest');
    await startLimited(containerd, 'family', ['sh', '-c', `${eat}; exec sleep 1000000`]);
    await events.until('/tasks/oom', 'family');
    assert.equal(await statusOf(containerd, 'family'), 'RUNNING');
    for (const id of ['family', 'modest']) await remove(containerd, id);
    const seen = await events.until('/tasks/delete', 'modest');
    assert.ok(!topics(seen, 'modest').includes('/tasks/oom'));
    await events.close();
  },
);

scenario('oom: of an exec is told, each time anew, and its status is 137', async (containerd) => {
  const events = await Events.follow(containerd);
  await startLimited(containerd, 'host', ['sleep', '1000000']);
  for (const [index, exec] of ['first', 'second'].entries()) {
    assertCode(await containerd.ctr(execArguments(containerd, 'host', exec, eat.split(' '))), 137);
    const count = (): number => topics(events.all(), 'host').filter((topic) => topic === '/tasks/oom').length;
    // The exit of an exec may be told first: the kernel gives notice of both in its own time.
    while (count() <= index) await events.more();
  }
  await remove(containerd, 'host');
  await events.close();
});

scenario('oom: of a container that is killed otherwise is not told', async (containerd) => {
  const events = await Events.follow(containerd);
  await startLimited(containerd, 'killed', ['sleep', '1000000']);
  await containerd.tell(['task', 'kill', '--signal', 'SIGKILL', 'killed']);
  const seen = topics(await events.until('/tasks/exit', 'killed'), 'killed');
  assert.deepEqual(seen.slice(2), ['/tasks/exit  137']);
  await remove(containerd, 'killed');
  await events.close();
});
