import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Containerd } from './harness/containerd.js';
import { assertCode, cannotRun, withContainerd } from './harness/fixture.js';
import { IMAGE } from './harness/image.js';
import { Program, run, succeeded, type Outcome, type ProgramOptions } from './harness/program.js';
import { Terminal } from './harness/terminal.js';

const programs = process.env['E2E_CONTAINERD'] ?? '';
const missing = existsSync(join(programs, 'nerdctl'))
  ? undefined
  : 'no nerdctl: it comes with containerd 2.x';
const scenario = withContainerd({}, cannotRun() ?? missing);

function command(containerd: Containerd, args: readonly string[]): string[] {
  const options = {
    address: containerd.address,
    namespace: containerd.namespace,
    'data-root': join(containerd.directory, 'nerdctl'),
    'cni-netconfpath': join(containerd.directory, 'cni'),
  };
  return ['nerdctl', ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]), ...args];
}

function nerdctl(
  containerd: Containerd,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Outcome> {
  return run(command(containerd, args), { env: containerd.environment, ...options });
}

async function tell(containerd: Containerd, args: readonly string[]): Promise<string> {
  return succeeded(await nerdctl(containerd, args)).stdout.trimEnd();
}

function runArgs(flags: readonly string[], program: readonly string[], network = 'none'): string[] {
  return ['run', '--pull', 'never', '--net', network, ...flags, IMAGE, ...program];
}

const WAIT = "trap 'exit 5' TERM; while :; do sleep 1000 & wait $!; done";

for (const network of ['none', 'host']) {
  scenario(`nerdctl: run --net ${network}: output, exit status, standard input`, async (containerd) => {
    const hello = await nerdctl(
      containerd,
      runArgs(['--rm'], ['sh', '-c', 'echo out; echo err >&2; exit 7'], network),
    );
    assertCode(hello, 7);
    assert.equal(hello.stdout, 'out\n');
    assert.match(hello.stderr, /^err$/m);
    const piped = await nerdctl(containerd, runArgs(['--rm', '-i'], ['cat'], network), {
      input: 'through\n',
    });
    assertCode(piped, 0);
    assert.equal(piped.stdout, 'through\n');
  });
}

scenario('nerdctl: a program that is missing or not executable', async (containerd) => {
  const missingProgram = await nerdctl(containerd, runArgs(['--rm'], ['no-such-program']));
  assert.notEqual(missingProgram.code, 0);
  assert.match(missingProgram.stderr, /executable file.* not found/);
  const forbidden = await nerdctl(containerd, runArgs(['--rm'], ['/etc/not-executable']));
  assert.notEqual(forbidden.code, 0);
  assert.match(forbidden.stderr, /permission denied/i);
});

scenario('nerdctl: run -d, ps, exec, logs, inspect, stop, rm', async (containerd) => {
  await tell(
    containerd,
    runArgs(['-d', '--name', 'web'], ['sh', '-c', `echo started; echo trouble >&2; ${WAIT}`]),
  );
  assert.match(await tell(containerd, ['ps']), /web/);
  assert.equal(await tell(containerd, ['inspect', '--format', '{{.State.Status}}', 'web']), 'running');
  assert.equal(await tell(containerd, ['exec', 'web', 'sh', '-c', 'echo from exec']), 'from exec');
  // nerdctl says the exit status of an exec instead of ending with it.
  assert.match((await nerdctl(containerd, ['exec', 'web', 'sh', '-c', 'exit 9'])).stderr, /exit code 9/);
  assert.match(
    await tell(containerd, ['exec', '--user', 'user', '--workdir', '/tmp', 'web', 'sh', '-c', 'id -un; pwd']),
    /user\n\/tmp/,
  );
  const fed = await nerdctl(containerd, ['exec', '-i', 'web', 'cat'], { input: 'fed\n' });
  assert.equal(fed.stdout, 'fed\n');
  assert.match(await tell(containerd, ['top', 'web']), /sleep 1000/);
  // Both are in the log before the end, at which the logger throws away what it has not read.
  for (let logs = ''; !/^started$/m.test(logs) || !/^trouble$/m.test(logs);) {
    const { stdout, stderr } = await nerdctl(containerd, ['logs', 'web']);
    logs = `${stdout}\n${stderr}`;
  }
  await tell(containerd, ['stop', 'web']);
  assert.equal(
    await tell(containerd, ['inspect', '--format', '{{.State.Status}} {{.State.ExitCode}}', 'web']),
    'exited 5',
  );
  const logs = await nerdctl(containerd, ['logs', 'web']);
  assert.equal(logs.stdout, 'started\n');
  assert.match(logs.stderr, /^trouble$/m);
  await tell(containerd, ['rm', 'web']);
});

// As above, no container ends before its output was seen in the log.
scenario('nerdctl: logs -f follows until the end', async (containerd) => {
  const script = `i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo line $i; done; ${WAIT}`;
  await tell(containerd, runArgs(['-d', '--name', 'chatty'], ['sh', '-c', script]));
  const logs = follow(containerd, 'chatty');
  await logs.until(/^line 2000$/m);
  await tell(containerd, ['kill', '--signal', 'TERM', 'chatty']);
  assert.equal(await tell(containerd, ['wait', 'chatty']), '5');
  const outcome = await logs.outcome;
  assertCode(outcome, 0);
  const expected = Array.from({ length: 2000 }, (_, index) => `line ${index + 1}\n`).join('');
  assert.equal(outcome.stdout, expected);
  await tell(containerd, ['rm', 'chatty']);
});

scenario('nerdctl: run -d -t: a terminal whose output goes to the log driver', async (containerd) => {
  const flags = ['-d', '-t', '--name', 'screen'];
  await tell(containerd, runArgs(flags, ['sh', '-c', `test -t 1 && echo on a terminal; ${WAIT}`]));
  const logs = follow(containerd, 'screen');
  await logs.until(/on a terminal/);
  await tell(containerd, ['stop', 'screen']);
  assert.equal(await tell(containerd, ['wait', 'screen']), '5');
  assertCode(await logs.outcome, 0);
  await tell(containerd, ['rm', 'screen']);
});

function follow(containerd: Containerd, id: string): Program {
  return new Program(command(containerd, ['logs', '-f', id]), { env: containerd.environment, input: '' });
}

scenario('nerdctl: exec -it: typed into and resized', async (containerd) => {
  await tell(containerd, runArgs(['-d', '--name', 'host'], ['sh', '-c', WAIT]));
  const loop = 'echo ready; while read -r line; do eval "$line"; done';
  const terminal = new Terminal(
    command(containerd, ['exec', '-it', 'host', 'sh', '-c', `trap 'stty size' WINCH; ${loop}`]),
    { rows: 25, columns: 90 },
    { env: containerd.environment },
  );
  await terminal.until(/ready/);
  await terminal.ask('echo $((6 * 7))', /42/);
  terminal.type('exit 6\n');
  assert.match((await terminal.outcome).screen, /exit code 6/);
  await tell(containerd, ['rm', '-f', 'host']);
});

scenario('nerdctl: update of the memory limit, pause, unpause, kill', async (containerd) => {
  await tell(containerd, runArgs(['-d', '--name', 'limited', '--memory', '128m'], ['sh', '-c', WAIT]));
  const limit =
    'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null || true';
  assert.match(await tell(containerd, ['exec', 'limited', 'sh', '-c', limit]), /134217728/);
  await tell(containerd, ['update', '--memory', '64m', 'limited']);
  assert.match(await tell(containerd, ['exec', 'limited', 'sh', '-c', limit]), /67108864/);
  await tell(containerd, ['pause', 'limited']);
  assert.equal(await tell(containerd, ['inspect', '--format', '{{.State.Status}}', 'limited']), 'paused');
  await tell(containerd, ['unpause', 'limited']);
  await tell(containerd, ['kill', 'limited']);
  assert.equal(await tell(containerd, ['wait', 'limited']), '137');
  await tell(containerd, ['rm', 'limited']);
});

scenario('nerdctl: restart gives a new task to the same container', async (containerd) => {
  await tell(containerd, runArgs(['-d', '--name', 'again'], ['sh', '-c', WAIT]));
  const pid = ['inspect', '--format', '{{.State.Pid}}', 'again'];
  const first = await tell(containerd, pid);
  await tell(containerd, ['restart', 'again']);
  const second = await tell(containerd, pid);
  assert.notEqual(first, second);
  await tell(containerd, ['rm', '-f', 'again']);
});
