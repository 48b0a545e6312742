import assert from 'node:assert/strict';
import { remove, startDetached, statusOf } from './harness/containers.js';
import { assertCode, withContainerd } from './harness/fixture.js';

const scenario = withContainerd();

/** Echoes lines until it is told to end: ctr's attach never sends the end of its input. */
const ECHO = ['sh', '-c', 'while read -r line && [ "$line" != quit ]; do echo "got $line"; done; exit 8'];

scenario('attach: to a detached container, again after the first client was killed', async (containerd) => {
  await startDetached(containerd, 'attached', ECHO, []);
  const first = containerd.startCtr(['task', 'attach', 'attached']);
  first.child.stdin.write('one\n');
  await first.until(/got one/);
  first.child.kill('SIGKILL');
  await first.outcome;
  assert.equal(await statusOf(containerd, 'attached'), 'RUNNING');

  const second = containerd.startCtr(['task', 'attach', 'attached']);
  second.child.stdin.write('two\n');
  await second.until(/got two/);
  second.child.stdin.write('quit\n');
  assertCode(await second.outcome, 8);
  await remove(containerd, 'attached');
});

scenario('attach: nothing that was printed without a client is lost', async (containerd) => {
  // Printed on a signal, as `ctr run --detach` still reads while it ends, and throws away what it read.
  const script = "trap 'seq 1 40000; exit 1' USR1; while :; do sleep 1000 & wait $!; done";
  await startDetached(containerd, 'talker', ['sh', '-c', script], []);
  await containerd.tell(['task', 'kill', '--signal', 'SIGUSR1', 'talker']);
  // 40000 lines are more than a FIFO holds (pipe(7)), so the container waits for a reader.
  assert.equal(await statusOf(containerd, 'talker'), 'RUNNING');
  const outcome = await containerd.startCtr(['task', 'attach', 'talker']).outcome;
  assertCode(outcome, 1);
  const expected = Array.from({ length: 40_000 }, (_, index) => `${index + 1}\n`).join('');
  assert.ok(outcome.stdout === expected, `${outcome.stdout.length} bytes of ${expected.length}`);
  await remove(containerd, 'talker');
});

scenario('attach: a client that does not read stalls its own container only', async (containerd) => {
  await startDetached(containerd, 'stalled', ['yes'], []);
  await startDetached(containerd, 'lively', ECHO, []);
  const client = containerd.startCtr(['task', 'attach', 'lively']);
  client.child.stdin.write('hello\n');
  await client.until(/got hello/);
  client.child.stdin.write('quit\n');
  assertCode(await client.outcome, 8);
  await remove(containerd, 'lively');
  await remove(containerd, 'stalled');
});
