import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { listTasks, remove, startDetached } from './harness/containers.js';
import { execArguments, runArguments } from './harness/containerd.js';
import { Events } from './harness/events.js';
import { assertCode, withContainerd } from './harness/fixture.js';
import { withoutPidNamespace, writeSpec } from './harness/spec.js';

const scenario = withContainerd();

scenario('exec: exit status, streams, directory, user', async (containerd) => {
  await startDetached(containerd, 'host');
  const exec = (command: string[], flags: string[] = []) =>
    containerd.ctr(execArguments(containerd, 'host', 'one', command, flags));

  assertCode(await exec(['true']), 0);
  assertCode(await exec(['sh', '-c', 'exit 42']), 42);
  assertCode(await exec(['sh', '-c', 'kill -TERM $$']), 143);
  assertCode(await exec(['sh', '-c', 'kill -KILL $$']), 137);

  const streams = await exec(['sh', '-c', 'echo to one; echo to two >&2']);
  assert.equal(streams.stdout, 'to one\n');
  assert.equal(streams.stderr, 'to two\n');

  assert.equal((await exec(['pwd'], ['--cwd', '/var/tmp'])).stdout, '/var/tmp\n');
  assert.match((await exec(['id'], ['--user', 'user'])).stdout, /^uid=1000\(user\) gid=1000\(user\)/);
  assert.match((await exec(['id'], ['--user', '1000:29'])).stdout, /^uid=1000\(user\) gid=29\(audio\)/);
  await remove(containerd, 'host');
});

scenario('exec: standard input is piped through and its end is seen', async (containerd) => {
  await startDetached(containerd, 'host');
  const input = 'a line\n'.repeat(100_000);
  const program = containerd.startCtr(
    execArguments(containerd, 'host', 'cat', ['sh', '-c', 'echo ready; cat; echo end']),
  );
  await program.until(/ready/);
  program.child.stdin.end(input);
  const outcome = await program.outcome;
  assertCode(outcome, 0);
  assert.ok(outcome.stdout === `ready\n${input}end\n`, `${outcome.stdout.length} bytes came back`);
  await remove(containerd, 'host');
});

scenario('exec: a program that cannot be started fails and harms nobody', async (containerd) => {
  await startDetached(containerd, 'host');
  for (const [program, text] of [
    [
      'no-such-program',
      /executable file.*no-such-program.*not found|no-such-program.*executable file not found/,
    ],
    ['/etc/not-executable', /permission denied/i],
  ] as const) {
    const outcome = await containerd.ctr(execArguments(containerd, 'host', 'broken', [program]));
    assert.notEqual(outcome.code, 0);
    assert.match(outcome.stderr, text);
  }
  const lost = await containerd.ctr(
    execArguments(containerd, 'host', 'lost', ['true'], ['--cwd', '/no/such/place']),
  );
  assert.notEqual(lost.code, 0);
  assertCode(await containerd.ctr(execArguments(containerd, 'host', 'broken', ['true'])), 0);
  await remove(containerd, 'host');
});

scenario('exec: an exec id that is in use is refused', async (containerd) => {
  await startDetached(containerd, 'host');
  const first = containerd.startCtr(
    execArguments(containerd, 'host', 'same', ['sh', '-c', 'echo up; read line']),
  );
  await first.until(/up/);
  const second = await containerd.ctr(execArguments(containerd, 'host', 'same', ['true']));
  assert.notEqual(second.code, 0);
  assert.match(second.stderr, /already exists/);
  first.child.stdin.end('\n');
  assertCode(await first.outcome, 0);
  await remove(containerd, 'host');
});

scenario(
  'exec: a process that outlives init is killed, and its end is told before that of init',
  async (containerd) => {
    const events = await Events.follow(containerd);
    const script = 'echo up; trap "exit 4" TERM; while :; do sleep 1000 & wait $!; done';
    for (const [id, start] of [
      ['own-pids', (name: string) => runArguments(containerd, name, ['sh', '-c', script], ['--rm'])],
      [
        'host-pids',
        async (name: string) => {
          const spec = await writeSpec(containerd, name, ['sh', '-c', script], withoutPidNamespace);
          return ['run', '--rm', '--fifo-dir', containerd.fifoDirectory, '--config', spec, name];
        },
      ],
    ] as const) {
      const init = containerd.startCtr(await start(id));
      await init.until(/up/);
      const exec = containerd.startCtr(
        execArguments(containerd, id, 'longer', ['sh', '-c', 'echo up; exec sleep 1000']),
      );
      await exec.until(/up/);
      await containerd.tell(['task', 'kill', id]);
      assertCode(await exec.outcome, 137);
      assertCode(await init.outcome, 4);
      const exits = (await events.until('/tasks/delete', id)).filter(
        ({ topic, container }) => topic === '/tasks/exit' && container === id,
      );
      assert.deepEqual(
        exits.map((event) => [event.exec, event.status]),
        [
          ['longer', 137],
          [undefined, 4],
        ],
      );
    }
    // Two ctr delete at the same time; the one of the exec leaves its FIFOs when the container was deleted first.
    rmSync(containerd.fifoDirectory, { recursive: true });
    mkdirSync(containerd.fifoDirectory);
    await events.close();
  },
);

scenario('exec: 200 processes of a moment, four at a time, none of their ends lost', async (containerd) => {
  await startDetached(containerd, 'host');
  const lane = async (first: number): Promise<void> => {
    for (let number = first; number < 200; number += 4) {
      const command = ['sh', '-c', `exit ${number}`];
      assertCode(await containerd.ctr(execArguments(containerd, 'host', `e${number}`, command)), number);
    }
  };
  await Promise.all([0, 1, 2, 3].map(lane));
  assert.equal((await listTasks(containerd)).length, 1);
  await remove(containerd, 'host');
});

scenario('exec: in the background, without a client', async (containerd) => {
  const events = await Events.follow(containerd);
  await startDetached(containerd, 'host');
  await containerd.tell(execArguments(containerd, 'host', 'quiet', ['sh', '-c', 'exit 3'], ['--detach']));
  const seen = await events.until('/tasks/exit', 'host');
  assert.deepEqual(
    seen.map(({ topic, exec, status }) => [topic, exec, status]),
    [
      ['/tasks/create', undefined, 0],
      ['/tasks/start', undefined, 0],
      ['/tasks/exec-added', 'quiet', 0],
      ['/tasks/exec-started', 'quiet', 0],
      ['/tasks/exit', 'quiet', 3],
    ],
  );
  await remove(containerd, 'host');
  // ctr leaves the FIFOs of a detached exec to nobody.
  rmSync(containerd.fifoDirectory, { recursive: true });
  mkdirSync(containerd.fifoDirectory);
  await events.close();
});
