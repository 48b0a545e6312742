import assert from 'node:assert/strict';
import { linkSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { complaint, createFixture } from './fixture.js';
import { repository } from './programs.js';

const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string };

for (const flag of ['-v', '-version']) {
  test(`${flag} needs neither daemon nor configuration`, async (context) => {
    const fixture = createFixture(context);
    rmSync(join(fixture.directory, 'lib'), { recursive: true });
    fixture.configure('grouping = 1');
    const result = await fixture.run([flag]);
    assert.deepEqual(result, {
      status: 0,
      stdout: Buffer.from(`containerd-shim-jail ${version}\n`),
      stderr: '',
    });
  });
}

test('-info is what main.js info says, which reads standard input', async (context) => {
  const fixture = createFixture(context);
  const result = await fixture.run(['-info'], { input: Buffer.from('12345') });
  assert.deepEqual(result, { status: 0, stdout: Buffer.from('info of 5 bytes'), stderr: '' });
  assert.deepEqual(fixture.log()[0]?.words, ['info']);
});

test('no action: the usage, and failure', async (context) => {
  const fixture = createFixture(context);
  const result = await fixture.run([]);
  assert.deepEqual([result.status, result.stdout.length], [1, 0]);
  assert.match(complaint(result), /^usage: containerd-shim-runc-v2 -namespace/);
});

test('an unknown flag: one line, and failure', async (context) => {
  const fixture = createFixture(context);
  const result = await fixture.run(['-nonsense', 'start']);
  assert.equal(result.status, 1);
  assert.match(complaint(result), /^unknown flag -nonsense; usage: /);
});

test('-help: the usage, and success', async (context) => {
  const fixture = createFixture(context);
  const result = await fixture.run(['-help']);
  assert.deepEqual([result.status, result.stderr], [0, '']);
  assert.match(result.stdout.toString(), /^usage: /);
});

test('the other name does the same', async (context) => {
  const fixture = createFixture(context);
  const other = join(fixture.directory, 'bin/containerd-shim-runj-v1');
  linkSync(fixture.launcher, other);
  rmSync(fixture.launcher);
  const result = await fixture.start({ through: [other] });
  // `through` gives the missing name to it as the first word.
  assert.match(complaint(result), /^unknown action /);
  linkSync(other, fixture.launcher);
  assert.equal((await fixture.start()).status, 0);
});

test('as jail-bridge it is the CNI plugin, which reads standard input', async (context) => {
  const fixture = createFixture(context);
  const plugin = join(fixture.directory, 'libexec/cni/jail-bridge');
  mkdirSync(join(fixture.directory, 'libexec/cni'), { recursive: true });
  symlinkSync('../../bin/containerd-shim-runc-v2', plugin);
  fixture.configure(`run_dir = "${fixture.runDirectory}"`);
  const environment = { CNI_COMMAND: 'ADD', NODE_OPTIONS: '--nonsense' };
  // `through` gives the launcher's path as an argument, with which it is no plugin: so by a shell.
  const through = ['/bin/sh', '-c', `exec ${plugin}`];
  const result = await fixture.run([], { through, environment, input: Buffer.from('12345') });
  assert.deepEqual(result, { status: 0, stdout: Buffer.from('cni of 5 bytes'), stderr: '' });
  const [entry] = fixture.log();
  assert.deepEqual(entry?.words, ['cni', fixture.runDirectory]);
  assert.equal(entry.environment?.['CNI_COMMAND'], 'ADD');
  assert.equal((await fixture.run([], { through: [plugin, '-v'] })).status, 0);
});
