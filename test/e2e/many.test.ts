import assert from 'node:assert/strict';
import { listTasks, remove, startDetached } from './harness/containers.js';
import { execArguments, runArguments } from './harness/containerd.js';
import { assertCode, withContainerd } from './harness/fixture.js';
import { shimDaemons } from './harness/leftovers.js';

const scenario = withContainerd();

scenario('many: 50 containers started at once are all up, each itself, and all go', async (containerd) => {
  const ids = Array.from({ length: 50 }, (_, index) => `many-${index}`);
  await Promise.all(
    ids.map((id) => startDetached(containerd, id, undefined, ['--null-io', '--env', `NAME=${id}`])),
  );
  const tasks = await listTasks(containerd);
  assert.deepEqual(tasks.map(({ id }) => id).sort(), [...ids].sort());
  assert.deepEqual([...new Set(tasks.map(({ status }) => status))], ['RUNNING']);
  assert.equal(new Set(tasks.map(({ pid }) => pid)).size, 50);
  for (const id of ids.slice(0, 5)) {
    const outcome = await containerd.ctr(execArguments(containerd, id, 'who', ['sh', '-c', 'echo $NAME']));
    assert.equal(outcome.stdout, `${id}\n`);
  }
  if (containerd.shim === 'ours') assert.equal(shimDaemons(containerd).length, 1);
  await Promise.all(ids.map((id) => remove(containerd, id)));
  assert.deepEqual(await listTasks(containerd), []);
});

scenario('many: runs in eight lanes keep their output and exit status apart', async (containerd) => {
  const lane = async (first: number): Promise<void> => {
    for (let number = first; number < 48; number += 8) {
      const script = `echo this is ${number}; exit ${number}`;
      const outcome = await containerd.ctr(runArguments(containerd, `lane-${number}`, ['sh', '-c', script]));
      assertCode(outcome, number);
      assert.equal(outcome.stdout, `this is ${number}\n`);
    }
  };
  await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(lane));
});

scenario('many: two namespaces may use the same id', async (containerd) => {
  const second = { suffix: '-second' };
  await containerd.importImage(second.suffix);
  const talk = (word: string): string[] => [
    'sh',
    '-c',
    `trap 'exit 3' TERM; echo ${word}; while :; do sleep 1000 & wait $!; done`,
  ];
  const one = containerd.startCtr(runArguments(containerd, 'same', talk('first')));
  const two = containerd.startCtr(runArguments(containerd, 'same', talk('second')), second);
  await one.until(/first/);
  await two.until(/second/);
  if (containerd.shim === 'ours') assert.equal(shimDaemons(containerd).length, 1);

  await containerd.tell(['task', 'kill', 'same']);
  assertCode(await one.outcome, 3);
  assert.deepEqual(await listTasks(containerd), []);
  const [other] = await listTasks(containerd, second);
  assert.equal(other?.status, 'RUNNING');
  assertCode(await containerd.ctr(execArguments(containerd, 'same', 'e', ['true']), second), 0);
  await containerd.tell(['task', 'kill', '--signal', 'SIGKILL', 'same'], second);
  assertCode(await two.outcome, 137);
});

scenario('many: a container that is removed by force while others start', async (containerd) => {
  const churn = async (id: string): Promise<void> => {
    for (let round = 0; round < 5; round += 1) {
      await startDetached(containerd, id);
      await remove(containerd, id);
    }
  };
  await Promise.all(['a', 'b', 'c', 'd'].map(churn));
});
