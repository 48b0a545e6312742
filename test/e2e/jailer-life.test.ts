import assert from 'node:assert/strict';
import { once } from 'node:events';
import { withJailer, type Jailer } from './harness/jailer.js';
import { describe } from './harness/program.js';

const scenario = withJailer();

scenario('a detached container writes its log, can be followed, and is waited for', async (jailer) => {
  const script = 'echo one; echo two >&2; while [ ! -e /tmp/go ]; do sleep 0.02; done; echo three; exit 9';
  await jailer.detached(['--name', 'job'], ['sh', '-c', script]);
  const following = jailer.start(['logs', '-f', 'job']);
  await following.until(/one\ntwo\n/);
  const waiting = jailer.start(['wait', 'job']);
  assert.match(await jailer.output(['ps']), /job .*running/);
  await jailer.output(['exec', 'job', 'touch', '/tmp/go']);
  assert.equal((await following.outcome).stdout, 'one\ntwo\nthree\n');
  assert.equal((await waiting.outcome).stdout, '9\n');
  assert.equal(await jailer.output(['logs', '--tail', '1', 'job']), 'three');
  assert.match(await jailer.output(['ps', '-a']), /job .*exited with 9/);
  const [known] = JSON.parse(await jailer.output(['inspect', 'job'])) as [Record<string, unknown>];
  assert.deepEqual([known['state'], known['exitStatus'], known['name']], ['exited', 9, 'job']);
  await jailer.output(['rm', 'job']);
  await jailer.output(['run', '--rm', '--rootfs', jailer.rootfs, 'rm', '/tmp/go']);
});

scenario('exec passes on streams and exit code, as whom and where it is told', async (jailer) => {
  await jailer.detached(['--name', 'host', '-e', 'A=1'], ['sleep', '1000']);
  const script = 'cat; id -u; pwd; echo "$A $B"; exit 6';
  const outcome = await jailer.run(
    ['exec', '-i', '-u', 'user', '-w', '/tmp', '-e', 'B=2', 'host', 'sh', '-c', script],
    { input: 'given\n' },
  );
  assert.deepEqual([outcome.code, outcome.stdout], [6, 'given\n1000\n/tmp\n1 2\n'], describe(outcome));
  const missing = await jailer.run(['exec', 'host', 'no-such-program']);
  assert.equal(missing.code, 127, describe(missing));
  await jailer.output(['rm', '-f', 'host']);
  const gone = await jailer.run(['exec', 'host', 'true']);
  assert.deepEqual([gone.code, gone.stdout], [125, ''], describe(gone));
  assert.match(gone.stderr, /^jailer: there is no container "host"[^\n]*\n$/);
});

scenario('stop asks, and then kills; kill sends any signal', async (jailer) => {
  const polite = 'trap "exit 0" TERM; echo ready; while :; do sleep 0.02; done';
  await jailer.detached(['--name', 'polite'], ['sh', '-c', polite]);
  await logged(jailer, 'polite', /ready/);
  await jailer.output(['stop', 'polite']);
  assert.match(await jailer.output(['ps', '-a']), /polite .*exited with 0/);
  await jailer.output(['start', 'polite']);
  await logged(jailer, 'polite', /ready\nready/);
  await jailer.output(['kill', '-s', 'TERM', 'polite']);
  assert.equal(await jailer.output(['wait', 'polite']), '0');
  await jailer.detached(['--name', 'deaf'], ['sleep', '1000']);
  await jailer.output(['stop', '-t', '0', 'deaf']);
  assert.match(await jailer.output(['ps', '-a']), /deaf .*exited with 137/);
  const refused = await jailer.run(['kill', 'deaf']);
  assert.match(refused.stderr, /^jailer: container deaf does not run[^\n]*\n$/, describe(refused));
  await jailer.output(['rm', 'deaf', 'polite']);
});

scenario('a detached one with an input runs on, and can be started again', async (jailer) => {
  await jailer.detached(['-i', '--name', 'reader'], ['cat']);
  for (const round of [1, 2]) {
    assert.match(await jailer.output(['ps']), /reader .*running/, `round ${round}`);
    await jailer.output(['stop', '-t', '0', 'reader']);
    if (round === 1) await jailer.output(['start', 'reader']);
  }
  await jailer.output(['rm', 'reader']);
});

scenario('one that runs is removed only by force', async (jailer) => {
  await jailer.detached(['--name', 'busy'], ['sleep', '1000']);
  const refused = await jailer.run(['rm', 'busy']);
  assert.deepEqual([refused.code, refused.stdout], [125, ''], describe(refused));
  assert.match(refused.stderr, /^jailer: container busy runs: stop it first[^\n]*\n$/);
  await jailer.output(['rm', '-f', 'busy']);
});

scenario('--rm removes a detached one by the next command after its end', async (jailer) => {
  await jailer.detached(['--rm', '--name', 'brief'], ['sh', '-c', 'read x < /proc/self/stat; echo over']);
  await jailer.run(['wait', 'brief']);
  assert.equal(await jailer.output(['ps', '-aq']), '');
});

scenario('one whose jailer is killed goes on, and is shown', async (jailer) => {
  const script = 'echo ready; while :; do sleep 1; done';
  const command = ['run', '--rm', '--name', 'orphan', '--rootfs', jailer.rootfs, 'sh', '-c', script];
  const program = jailer.start(command);
  await program.until(/ready/);
  program.child.kill('SIGKILL');
  assert.equal((await program.outcome).code, 137);
  assert.match(await jailer.output(['ps']), /orphan .*running/);
  await jailer.output(['stop', '-t', '0', 'orphan']);
  assert.equal(await jailer.output(['ps', '-aq']), '');
});

scenario(
  'a jailer killed at any moment of its start leaves nothing that the next one does not see to',
  async (jailer) => {
    const seed = Date.now() % 1_000_000;
    console.log(`# seed ${seed}`);
    for (let n = 0; n < 12; n += 1) {
      const name = `killed${n}`;
      const program = jailer.start([
        'run',
        '--rm',
        '--name',
        name,
        '--rootfs',
        jailer.rootfs,
        'sleep',
        '1000',
      ]);
      const after = 20 + ((seed * (n + 1) * 7919) % 400);
      const timer = setTimeout(() => program.child.kill('SIGKILL'), after);
      await once(program.child, 'exit');
      clearTimeout(timer);
      const left = await jailer.output(['ps', '-a']);
      for (const line of left.split('\n').slice(1))
        assert.match(line, /running/, `after ${after} ms: ${left}`);
    }
    const ids = (await jailer.output(['ps', '-aq'])).split('\n').filter((id) => id !== '');
    if (ids.length > 0) await jailer.output(['rm', '-f', ...ids]);
  },
);

scenario('containers of a daemon that was killed are cleaned up, and said to be', async (jailer) => {
  await jailer.detached(['--name', 'lost'], ['sleep', '1000']);
  const attached = jailer.start([
    'run',
    '--rm',
    '--rootfs',
    jailer.rootfs,
    'sh',
    '-c',
    'echo up; sleep 1000',
  ]);
  await attached.until(/up/);
  const [daemon, another] = jailer.daemons();
  assert.ok(daemon !== undefined && another === undefined);
  process.kill(daemon, 'SIGKILL');
  const outcome = await attached.outcome;
  assert.equal(outcome.code, 125, describe(outcome));
  assert.match(outcome.stderr, /^jailer: [^\n]*its daemon ended before it did[^\n]*\n$/, describe(outcome));
  assert.match(await jailer.output(['ps', '-a']), /lost .*exited with 137/);
  await jailer.output(['rm', 'lost']);
});

/** Waits until the log of a container matches. */
async function logged(jailer: Jailer, name: string, pattern: RegExp): Promise<void> {
  const following = jailer.start(['logs', '-f', name]);
  await following.until(pattern);
  following.child.kill('SIGKILL');
  await following.outcome;
}

scenario('events tells what happens, whichever daemon it happens to', async (jailer) => {
  const events = jailer.start(['events']);
  const json = jailer.start(['events', '--format', 'json']);
  // Nothing says that it listens: what happens until it does is made to happen again.
  let heard = false;
  const listening = Promise.all([events.until(/exit /), json.until(/"exit"/)]).then(() => {
    heard = true;
  });
  while (!heard) {
    await jailer.run(['run', '--rm', '--name', 'first', '--rootfs', jailer.rootfs, 'sh', '-c', 'exit 3']);
  }
  await listening;
  await jailer.detached(['--name', 'heard'], ['sleep', '1000']);
  await events.until(/start +heard\n/);
  await jailer.output(['exec', 'heard', 'true']);
  await events.until(/exec +heard\n[^]*exec-exit +heard with 0\n/);
  await jailer.output(['rm', '-f', 'heard']);
  await events.until(/ exit +heard with 137\n/);
  await json.until(/"event":"exit","id":"[0-9a-f]{32}","name":"heard","pid":\d+,"exitStatus":137\}\n/);
  assert.match(events.stdout, /^\d{4}-\d\d-\d\dT[\d:.]+Z {2}\S/);
  for (const program of [events, json]) {
    program.child.kill('SIGTERM');
    await program.outcome;
  }
});

scenario('stats shows what a container uses, and its limits', async (jailer) => {
  await jailer.detached(
    ['--name', 'worker', '--pids', '50', '--memory', '64m'],
    ['sh', '-c', 'while :; do :; done'],
  );
  const [line = '', more] = (await jailer.output(['stats', '--format', 'json'])).split('\n');
  const stats = JSON.parse(line) as Record<string, number | string>;
  assert.equal(more, undefined);
  assert.equal(stats['name'], 'worker');
  assert.ok(Number(stats['cpuPercent']) > 0, line);
  assert.ok(Number(stats['memory']) > 0 && stats['memoryLimit'] === 64 * 1024 * 1024, line);
  assert.ok(Number(stats['processes']) >= 1 && stats['processesLimit'] === 50, line);
  assert.match(await jailer.output(['stats', 'worker']), /^NAME +CPU +MEMORY +PROCESSES\nworker +[\d.]+ % /);
  await jailer.output(['rm', '-f', 'worker']);
});

scenario('rm -f ends a container that another jailer runs in the foreground', async (jailer) => {
  const program = jailer.start([
    'run',
    '--name',
    'front',
    '--rootfs',
    jailer.rootfs,
    'sh',
    '-c',
    'echo up; sleep 1000',
  ]);
  while (!program.stdout.includes('up')) await once(program.child.stdout, 'data');
  const refused = await jailer.run(['rm', 'front']);
  assert.match(refused.stderr, /^jailer: container front runs: stop it first, or use rm --force\n$/);
  assert.equal(await jailer.output(['rm', '-f', 'front']), 'front');
  assert.equal((await program.outcome).code, 137);
});
