import assert from 'node:assert/strict';
import { IDLE, remove, startDetached, statusOf } from './harness/containers.js';
import { execArguments, runArguments, type Containerd } from './harness/containerd.js';
import { withContainerd } from './harness/fixture.js';
import { Terminal, type SessionOutcome } from './harness/terminal.js';

const scenario = withContainerd();

/** A shell without line editing, for which busybox would ask the terminal where its cursor is. */
const evaluate = 'echo ready; while read -r line; do eval "$line"; done';

/** Tells its size whenever that changes; the shell runs a trap as soon as `wait` is interrupted. */
const watchSize = `
trap 'stty size' WINCH
trap 'echo interrupted; exit 9' INT
echo watching
while :; do sleep 1000 & wait $!; done`;

function openTerminal(containerd: Containerd, args: readonly string[]): Terminal {
  const size = { rows: 30, columns: 100 };
  return new Terminal(containerd.ctrCommand(args), size, { env: containerd.environment });
}

function assertEnd(outcome: SessionOutcome, code: number): void {
  assert.equal(outcome.code, code, outcome.screen.slice(-2000));
}

scenario('terminal: run: what is typed is read, what is printed is seen', async (containerd) => {
  const terminal = openTerminal(
    containerd,
    runArguments(containerd, 'typed', ['sh', '-c', evaluate], ['--rm', '--tty']),
  );
  await terminal.until(/ready/);
  await terminal.ask('tty; test -t 0 && test -t 1 && test -t 2 && echo all three', /\/dev\/\S+\s+all three/);
  await terminal.ask('echo $((6 * 7))', /42/);
  terminal.type('exit 5\n');
  assertEnd(await terminal.outcome, 5);
});

scenario('terminal: run: the size is ours, follows ours, and ^C interrupts', async (containerd) => {
  const terminal = openTerminal(
    containerd,
    runArguments(containerd, 'sized', ['sh', '-c', watchSize], ['--rm', '--tty']),
  );
  await terminal.until(/watching/);
  await terminal.resize({ rows: 41, columns: 121 }, /41 121/);
  await terminal.resize({ rows: 20, columns: 70 }, /20 70/);
  terminal.type('\x03');
  await terminal.until(/interrupted/);
  assertEnd(await terminal.outcome, 9);
});

scenario('terminal: exec: typed into, resized, ended', async (containerd) => {
  await startDetached(containerd, 'host');
  const terminal = openTerminal(
    containerd,
    execArguments(
      containerd,
      'host',
      'shell',
      ['sh', '-c', `echo $(id -u) $(pwd); ${watchSize}`],
      ['--tty', '--cwd', '/tmp'],
    ),
  );
  await terminal.until(/0 \/tmp\s/);
  await terminal.until(/watching/);
  await terminal.resize({ rows: 33, columns: 99 }, /33 99/);
  terminal.type('\x03');
  assertEnd(await terminal.outcome, 9);
  await remove(containerd, 'host');
});

scenario('terminal: all of a large output is seen, though the program ends at once', async (containerd) => {
  const terminal = openTerminal(
    containerd,
    runArguments(containerd, 'much', ['sh', '-c', 'seq 1 50000; echo the end'], ['--rm', '--tty']),
  );
  const outcome = await terminal.outcome;
  assertEnd(outcome, 0);
  // ctr gives the terminal back its own newline translation before the last line is out.
  const expected = Array.from({ length: 50_000 }, (_, index) => String(index + 1)).join('\n');
  assert.ok(outcome.screen.replace(/\r+\n/g, '\n') === `${expected}\nthe end\n`, outcome.screen.slice(-200));
});

scenario('terminal: a session hung up on leaves a container that can be removed', async (containerd) => {
  const terminal = openTerminal(
    containerd,
    runArguments(containerd, 'left', ['sh', '-c', `echo up; exec ${IDLE.join(' ')}`], ['--tty']),
  );
  await terminal.until(/up/);
  terminal.signal('SIGKILL');
  await terminal.outcome;
  // What it prints may be seen before its Start is over.
  let status = await statusOf(containerd, 'left');
  while (status === 'CREATED') status = await statusOf(containerd, 'left');
  assert.equal(status, 'RUNNING');
  await remove(containerd, 'left');
});
