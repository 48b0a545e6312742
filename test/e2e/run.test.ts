import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { remove, startDetached } from './harness/containers.js';
import { runArguments } from './harness/containerd.js';
import { assertCode, withContainerd } from './harness/fixture.js';
import { withoutPidNamespace, writeSpec } from './harness/spec.js';

const scenario = withContainerd();

for (const [what, command, code] of [
  ['0', ['true'], 0],
  ['that the program chose', ['sh', '-c', 'exit 7'], 7],
  ['126 of a shell that may not execute', ['sh', '-c', '/etc/not-executable'], 126],
  ['127 of a shell that does not find', ['sh', '-c', 'no-such-program'], 127],
] as const) {
  scenario(`run: exit status ${what}`, async (containerd) => {
    assertCode(await containerd.ctr(runArguments(containerd, 'status', command)), code);
  });
}

for (const [signal, code] of [
  ['TERM', 143],
  ['KILL', 137],
  ['ABRT', 134],
] as const) {
  scenario(`run: exit status ${code} of a process that SIG${signal} ends`, async (containerd) => {
    const script = ['sh', '-c', `kill -${signal} $$`];
    const spec = await writeSpec(containerd, 'signalled', script, withoutPidNamespace);
    assertCode(await containerd.ctr(['run', '--rm', '--null-io', '--config', spec, 'signalled']), code);
  });
}

// Some words are those of runc, some of crun.
for (const [what, program, text] of [
  [
    'not in PATH',
    'no-such-program',
    /executable file.*no-such-program.*not found|no-such-program.*executable file not found/,
  ],
  ['not there', '/bin/no-such-program', /\/bin\/no-such-program.*no such file or directory/i],
  ['not executable', '/etc/not-executable', /create failed: .*permission denied/i],
] as const) {
  scenario(`run: a program that is ${what} cannot be created`, async (containerd) => {
    const outcome = await containerd.ctr(runArguments(containerd, 'broken', [program], ['--null-io']));
    assert.notEqual(outcome.code, 0);
    assert.match(outcome.stderr, text);
    assert.equal(outcome.stderr.trimEnd().split('\n').length, 1, outcome.stderr);
    assert.equal(outcome.stderr.match(/create failed: /g)?.length, 1, outcome.stderr);
    assert.equal((await containerd.ctr(['container', 'delete', 'broken'])).code, 0);
  });
}

scenario('run: standard input, output and error are three streams', async (containerd) => {
  const script = 'echo ready; tr a-z A-Z; echo complaint >&2';
  const program = containerd.startCtr(runArguments(containerd, 'streams', ['sh', '-c', script]));
  // ctr loses a CloseIO that it sends before the task exists: its input must not end before that.
  await program.until(/ready/);
  program.child.stdin.end('piped through\n');
  const outcome = await program.outcome;
  assertCode(outcome, 0);
  assert.equal(outcome.stdout, 'ready\nPIPED THROUGH\n');
  assert.equal(outcome.stderr, 'complaint\n');
});

scenario('run: 64 MiB through standard output arrive byte for byte', async (containerd) => {
  const size = 64 << 20;
  const script = `yes 0123456789abcdef | head -c ${size}`;
  const program = containerd.startCtr(runArguments(containerd, 'large', ['sh', '-c', script]));
  const hash = createHash('sha256');
  let length = 0;
  program.child.stdout.on('data', (data: Buffer) => {
    hash.update(data);
    length += data.length;
  });
  assertCode(await program.outcome, 0);
  assert.equal(length, size);
  const expected = createHash('sha256').update(Buffer.alloc(size, '0123456789abcdef\n'));
  assert.equal(hash.digest('hex'), expected.digest('hex'));
});

scenario('run: 8 MiB through standard input come back byte for byte', async (containerd) => {
  const input = Buffer.alloc(8 << 20, 'all that goes in comes out again; ');
  const program = containerd.startCtr(runArguments(containerd, 'echo', ['sh', '-c', 'echo ready; cat']));
  await program.until(/ready/);
  program.child.stdin.end(input);
  const outcome = await program.outcome;
  assertCode(outcome, 0);
  assert.ok(outcome.stdout === `ready\n${input.toString()}`, `${outcome.stdout.length} bytes came back`);
});

scenario(
  'run: output that nobody waits for is complete when the program ended long before',
  async (containerd) => {
    const program = containerd.startCtr(
      runArguments(containerd, 'last', ['sh', '-c', 'seq 1 20000; echo end']),
    );
    const outcome = await program.outcome;
    assertCode(outcome, 0);
    assert.ok(outcome.stdout.endsWith('20000\nend\n'));
    assert.equal(outcome.stdout.split('\n').length, 20002);
  },
);

scenario('run: a container on the null device has no output and runs to its end', async (containerd) => {
  const outcome = await containerd.ctr(
    runArguments(containerd, 'null', ['sh', '-c', 'echo unseen; exit 3'], ['--rm', '--null-io']),
  );
  assertCode(outcome, 3);
  assert.equal(outcome.stdout, '');
});

scenario('run: the same id can be used again at once', async (containerd) => {
  for (const code of [1, 2, 3]) {
    assertCode(await containerd.ctr(runArguments(containerd, 'again', ['sh', '-c', `exit ${code}`])), code);
  }
});

scenario('run: an id that is in use is refused, and its container goes on', async (containerd) => {
  await startDetached(containerd, 'taken');
  const outcome = await containerd.ctr(runArguments(containerd, 'taken', ['true'], ['--null-io']));
  assert.notEqual(outcome.code, 0);
  assert.match(outcome.stderr, /already exists/);
  assert.match(await containerd.tell(['task', 'list']), /taken +\d+ +RUNNING/);
  await remove(containerd, 'taken');
});
