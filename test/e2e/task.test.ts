import assert from 'node:assert/strict';
import { listTasks, remove, startDetached, statusOf } from './harness/containers.js';
import { execArguments, runArguments } from './harness/containerd.js';
import { Events } from './harness/events.js';
import { assertCode, withContainerd } from './harness/fixture.js';

const scenario = withContainerd();

scenario('kill: a signal reaches init alone, with --all every process', async (containerd) => {
  const child = `trap 'echo child; exit' USR1; echo child up; while :; do sleep 1000 & wait $!; done`;
  const init = `trap 'echo init' USR1; trap 'exit 6' TERM; sh -c "$CHILD" & echo init up; while :; do wait; done`;
  const flags = ['--rm', '--env', `CHILD=${child}`];
  const program = containerd.startCtr(runArguments(containerd, 'signals', ['sh', '-c', init], flags));
  await program.until(/child up/);
  await program.until(/init up/);

  await containerd.tell(['task', 'kill', '--signal', 'SIGUSR1', 'signals']);
  await program.until(/^init$/m);
  assert.doesNotMatch(program.stdout, /^child$/m);

  await containerd.tell(['task', 'kill', '--all', '--signal', 'SIGUSR1', 'signals']);
  await program.until(/^child$/m);
  await containerd.tell(['task', 'kill', 'signals']);
  assertCode(await program.outcome, 6);
});

scenario('kill: an exec by its id', async (containerd) => {
  await startDetached(containerd, 'host');
  const exec = containerd.startCtr(
    execArguments(containerd, 'host', 'victim', ['sh', '-c', 'echo up; exec sleep 1000']),
  );
  await exec.until(/up/);
  await containerd.tell(['task', 'kill', '--exec-id', 'victim', '--signal', 'SIGTERM', 'host']);
  assertCode(await exec.outcome, 143);
  assert.equal(await statusOf(containerd, 'host'), 'RUNNING');
  await remove(containerd, 'host');
});

scenario('kill: what has ended already is not found', async (containerd) => {
  const events = await Events.follow(containerd);
  await startDetached(containerd, 'ended', ['sh', '-c', 'exit 2']);
  await events.until('/tasks/exit', 'ended');
  assert.equal(await statusOf(containerd, 'ended'), 'STOPPED');
  const outcome = await containerd.ctr(['task', 'kill', 'ended']);
  assert.notEqual(outcome.code, 0);
  assert.match(outcome.stderr, /not found|already finished/);
  // ctr says the exit status instead of ending with it.
  const deleted = await containerd.ctr(['task', 'delete', 'ended']);
  assertCode(deleted, 0);
  assert.match(deleted.stderr, /exit code 2/);
  assert.match((await containerd.ctr(['task', 'kill', 'ended'])).stderr, /not found/);
  await containerd.tell(['container', 'delete', 'ended']);
  await events.close();
});

scenario('delete: a running task is refused', async (containerd) => {
  await startDetached(containerd, 'busy');
  const outcome = await containerd.ctr(['task', 'delete', 'busy']);
  assert.notEqual(outcome.code, 0);
  assert.equal(await statusOf(containerd, 'busy'), 'RUNNING');
  await remove(containerd, 'busy');
});

scenario('pause: nothing runs until resume, and nothing can be executed', async (containerd) => {
  const events = await Events.follow(containerd);
  const script = 'while read -r line; do echo "got $line"; done';
  const program = containerd.startCtr(runArguments(containerd, 'frozen', ['sh', '-c', `echo up; ${script}`]));
  await program.until(/up/);
  await containerd.tell(['task', 'pause', 'frozen']);
  assert.equal(await statusOf(containerd, 'frozen'), 'PAUSED');
  program.child.stdin.write('typed while paused\n');
  const exec = await containerd.ctr(execArguments(containerd, 'frozen', 'never', ['true']));
  assert.notEqual(exec.code, 0);
  assert.match(exec.stderr, /paused/);
  assert.doesNotMatch(program.stdout, /got/);
  await containerd.tell(['task', 'resume', 'frozen']);
  assert.equal(await statusOf(containerd, 'frozen'), 'RUNNING');
  await program.until(/got typed while paused/);
  program.child.stdin.end();
  assertCode(await program.outcome, 0);
  const seen = (await events.until('/tasks/delete', 'frozen')).map(({ topic }) => topic);
  assert.deepEqual(seen.slice(2, 4), ['/tasks/paused', '/tasks/resumed']);
  await events.close();
});

scenario('pause: a paused container can be removed by force', async (containerd) => {
  await startDetached(containerd, 'frozen');
  await containerd.tell(['task', 'pause', 'frozen']);
  await remove(containerd, 'frozen');
});

scenario('ps: every process is listed, an exec with its id', async (containerd) => {
  await startDetached(containerd, 'listed', ['sh', '-c', 'sleep 1000 & wait']);
  const exec = containerd.startCtr(
    execArguments(containerd, 'listed', 'extra', ['sh', '-c', 'echo up; exec sleep 1000']),
  );
  await exec.until(/up/);
  const [task] = await listTasks(containerd);
  const lines = (await containerd.tell(['task', 'ps', 'listed'])).split('\n').slice(1);
  assert.equal(lines.length, 3, lines.join('\n'));
  assert.ok(lines.some((line) => line.startsWith(`${task?.pid} `)));
  assert.equal(lines.filter((line) => line.includes('extra')).length, 1);
  await containerd.tell(['task', 'kill', '--signal', 'SIGKILL', 'listed']);
  // ctr removes the FIFOs of its exec only if it comes to delete that before somebody deletes the task.
  assertCode(await exec.outcome, 137);
  await remove(containerd, 'listed');
});

scenario('metrics: memory, processor and processes of a container', async (containerd) => {
  await startDetached(containerd, 'measured', undefined, ['--null-io', '--memory-limit', String(64 << 20)]);
  const text = await containerd.tell(['task', 'metrics', 'measured']);
  // The names differ between cgroup v1 and v2 (cgroups(7)).
  assert.match(text, /memory\.(usage_in_bytes|usage) +\d+/, text);
  assert.match(text, /memory\.(limit_in_bytes|usage_limit) +67108864|memory\.usage_in_bytes/, text);
  // More than one for a moment after the start: the threads of runc, which then becomes the program.
  assert.match(text, /pids\.current +[1-9]/, text);
  assert.match(text, /cpu(acct\.usage|\.usage_usec) +[1-9]\d*/, text);
  const json = JSON.parse(await containerd.tell(['task', 'metrics', '--format', 'json', 'measured'])) as {
    memory: { usage?: unknown };
  };
  assert.ok(json.memory.usage !== undefined);
  await remove(containerd, 'measured');
});
