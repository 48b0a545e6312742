import assert from 'node:assert/strict';
import { remove } from './harness/containers.js';
import { execArguments, runArguments } from './harness/containerd.js';
import { Events, type TaskEvent } from './harness/events.js';
import { assertCode, withContainerd } from './harness/fixture.js';

const scenario = withContainerd();

scenario('events: of a life, in order, each once', async (containerd) => {
  const events = await Events.follow(containerd);
  const script = 'echo up; read -r line; exit 7';
  const program = containerd.startCtr(runArguments(containerd, 'life', ['sh', '-c', script]));
  await program.until(/up/);
  assertCode(await containerd.ctr(execArguments(containerd, 'life', 'guest', ['sh', '-c', 'exit 3'])), 3);
  program.child.stdin.write('\n');
  assertCode(await program.outcome, 7);
  assert.deepEqual(summary(await events.until('/tasks/delete', 'life')), [
    '/tasks/create life',
    '/tasks/start life',
    '/tasks/exec-added life guest',
    '/tasks/exec-started life guest',
    '/tasks/exit life guest 3',
    '/tasks/exit life 7',
    '/tasks/delete life 7',
  ]);
  await events.close();
});

scenario(
  'events: lives of a moment are complete and in order, however many there are',
  async (containerd) => {
    const events = await Events.follow(containerd);
    const ids = Array.from({ length: 30 }, (_, index) => `moment-${index}`);
    const lane = async (first: number): Promise<void> => {
      for (const id of ids.filter((_, index) => index % 3 === first)) {
        assertCode(await containerd.ctr(runArguments(containerd, id, ['true'], ['--rm', '--null-io'])), 0);
      }
    };
    await Promise.all([0, 1, 2].map(lane));
    for (const id of ids) await events.until('/tasks/delete', id);
    for (const id of ids) {
      assert.deepEqual(
        events
          .all()
          .filter(({ container }) => container === id)
          .map(({ topic }) => topic),
        ['/tasks/create', '/tasks/start', '/tasks/exit', '/tasks/delete'],
        id,
      );
    }
    await events.close();
  },
);

scenario('events: a container that could not be created has no exit', async (containerd) => {
  const events = await Events.follow(containerd);
  const failed = await containerd.ctr(
    runArguments(containerd, 'stillborn', ['no-such-program'], ['--null-io']),
  );
  assert.notEqual(failed.code, 0);
  assertCode(await containerd.ctr(runArguments(containerd, 'after', ['true'], ['--rm', '--null-io'])), 0);
  const seen = await events.until('/tasks/delete', 'after');
  assert.deepEqual(
    seen.filter(({ topic, container }) => container === 'stillborn' && topic === '/tasks/exit'),
    [],
  );
  await remove(containerd, 'stillborn');
  await events.close();
});

function summary(events: readonly TaskEvent[]): string[] {
  return events.map(({ topic, container, exec, status }) =>
    [topic, container, exec ?? '', topic === '/tasks/exit' || topic === '/tasks/delete' ? status : '']
      .filter((part) => part !== '')
      .join(' '),
  );
}
