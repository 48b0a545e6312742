import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withJailer } from './harness/jailer.js';
import { describe, type Outcome } from './harness/program.js';

const scenario = withJailer();

/** One line on standard error that says this, and the exit code. */
function refused(outcome: Outcome, code: number, words: RegExp): void {
  assert.equal(outcome.code, code, describe(outcome));
  assert.match(outcome.stderr, /^jailer: [^\n]*\n$/, describe(outcome));
  assert.match(outcome.stderr, words);
  assert.equal(outcome.stdout, '');
}

const run = (...words: string[]): string[] => ['run', '--rm', ...words];

scenario('a command runs, and its streams and exit code are passed on', async (jailer) => {
  const script = 'echo out; echo err >&2; exit 7';
  const outcome = await jailer.run(run('--rootfs', jailer.rootfs, 'sh', '-c', script));
  assert.deepEqual([outcome.code, outcome.stdout, outcome.stderr], [7, 'out\n', 'err\n'], describe(outcome));
});

scenario('standard input reaches it with -i, to its end, and only then', async (jailer) => {
  const given = await jailer.run(run('-i', '--rootfs', jailer.rootfs, 'cat'), { input: 'x\ny\n' });
  assert.deepEqual([given.code, given.stdout], [0, 'x\ny\n'], describe(given));
  const kept = await jailer.run(run('--rootfs', jailer.rootfs, 'cat'), { input: 'x\n' });
  assert.deepEqual([kept.code, kept.stdout], [0, ''], describe(kept));
});

scenario('a megabyte passes through it unchanged, both ways', async (jailer) => {
  const input = 'all work and no play\n'.repeat(50_000);
  const outcome = await jailer.run(run('-i', '--rootfs', jailer.rootfs, 'cat'), { input });
  assert.equal(outcome.code, 0, describe(outcome));
  assert.ok(outcome.stdout === input, `${outcome.stdout.length} of ${input.length} bytes`);
});

scenario('a reader that has gone ends what writes to it', async (jailer) => {
  const command = jailer.command(run('--rootfs', jailer.rootfs, 'yes')).join(' ');
  const { run: program } = await import('./harness/program.js');
  const outcome = await program(['sh', '-c', `${command} | head -n 1`], { env: jailer.environment });
  assert.deepEqual([outcome.code, outcome.stdout], [0, 'y\n'], describe(outcome));
});

scenario('options say who, where and with what it runs', async (jailer) => {
  const volume = join(jailer.directory, 'volume');
  mkdirSync(volume);
  writeFileSync(join(volume, 'file'), 'from the host\n');
  writeFileSync(join(jailer.directory, 'variables'), '# a comment\nA=file\nB=file\n');
  const script =
    'id -u; id -g; pwd; hostname; echo "$A $B"; cat /mnt/file; echo no > /mnt/file || echo read-only';
  const outcome = await jailer.run(
    run(
      ...['--user', 'user', '--workdir', '/tmp', '--hostname', 'cell', '-v', `${volume}:/mnt:ro`],
      ...['--env-file', 'variables', '-e', 'B=option', '--rootfs', jailer.rootfs, 'sh', '-c', script],
    ),
  );
  assert.deepEqual(
    outcome.stdout.split('\n'),
    ['1000', '1000', '/tmp', 'cell', 'file option', 'from the host', 'read-only', ''],
    describe(outcome),
  );
  assert.equal(readFileSync(join(volume, 'file'), 'utf8'), 'from the host\n');
});

scenario('--read-only and --network none keep it from both', async (jailer) => {
  const script = 'touch /x 2>/dev/null && echo wrote; ls /sys/class/net';
  const outcome = await jailer.run(
    run('--read-only', '--network', 'none', '--rootfs', jailer.rootfs, 'sh', '-c', script),
  );
  assert.deepEqual([outcome.code, outcome.stdout], [0, 'lo\n'], describe(outcome));
});

scenario('what cannot run is refused in one line, with the exit code that people know', async (jailer) => {
  const { rootfs } = jailer;
  refused(await jailer.run(run('--rootfs', rootfs, 'no-such-program')), 127, /no-such-program/);
  refused(await jailer.run(run('--rootfs', rootfs, '/etc/not-executable')), 126, /not-executable/);
  refused(await jailer.run(run('--rootfs', '/nonexistent', 'true')), 125, /\/nonexistent/);
  refused(await jailer.run(run('--rootfs', rootfs)), 125, /nothing to run/);
  refused(await jailer.run(run('--user', 'nobody-here', '--rootfs', rootfs, 'true')), 125, /nobody-here/);
  refused(await jailer.run(run('-v', 'data:/data', '--rootfs', rootfs, 'true')), 125, /"data" is no path/);
  refused(
    await jailer.run(run('-v', '/nonexistent:/data', '--rootfs', rootfs, 'true')),
    125,
    /make it first/,
  );
  refused(await jailer.run(run('-p', '80:80', '--rootfs', rootfs, 'true')), 125, /FreeBSD only/);
  refused(await jailer.run(run('--network', 'lan', '--rootfs', rootfs, 'true')), 125, /host and none/);
  refused(await jailer.run(run('-it', '--rootfs', rootfs, 'true')), 125, /no terminal/);
  refused(await jailer.run(run('--pull', 'never', 'no-such-image', 'true')), 125, /no-such-image/);
  refused(await jailer.run(run('No-Image', 'true')), 125, /No-Image.*lower case/);
  refused(await jailer.run(['rnu']), 125, /did you mean run\?/);
  refused(await jailer.run(['run', '--nmae', 'x']), 125, /did you mean --name\?/);
  refused(await jailer.run(['ps', 'extra']), 125, /one argument too many/);
});

scenario('a name is one container’s, until it is removed', async (jailer) => {
  const { rootfs } = jailer;
  await jailer.output(['create', '--name', 'taken', '--rootfs', rootfs, 'true']);
  refused(await jailer.run(run('--name', 'taken', '--rootfs', rootfs, 'true')), 125, /taken is the name of/);
  await jailer.output(['rm', 'taken']);
  await jailer.output(run('--name', 'taken', '--rootfs', rootfs, 'true'));
});

scenario('twenty at once have one daemon, and leave nothing', async (jailer) => {
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      jailer.run(run('--rootfs', jailer.rootfs, 'sh', '-c', `echo ${n}; exit ${n}`)),
    ),
  );
  assert.deepEqual(
    outcomes.map(({ code, stdout }) => [code, stdout]),
    outcomes.map((_, n) => [n, `${n}\n`]),
    outcomes.map(describe).join('\n'),
  );
  assert.equal(jailer.daemons().length, 1);
});

scenario('help names every command, and shows examples of one', async (jailer) => {
  const overview = await jailer.output(['--help']);
  for (const name of ['run', 'ps', 'exec', 'logs', 'stop', 'rm']) {
    assert.match(overview, new RegExp(`^  ${name} +\\S`, 'm'));
  }
  assert.match(await jailer.output(['run', '--help']), /examples:\n[^]*jailer run --rm/);
});
