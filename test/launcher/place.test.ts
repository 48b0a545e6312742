import assert from 'node:assert/strict';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { complaint, createFixture } from './fixture.js';
import { bootstrapParams, optionsAny } from './message.js';

const linux = process.platform === 'linux' ? false : 'cgroups and OOM scores are Linux';
const hierarchies = '/sys/fs/cgroup';
const cgroup2 = 0x63677270;

for (const [own, expected] of [
  [0, 1],
  [500, 501],
  [1000, 1000],
]) {
  test(
    `OOM score ${expected ?? ''} under a containerd with ${own ?? ''}`,
    { skip: linux },
    async (context) => {
      const fixture = createFixture(context);
      const script = `echo ${own ?? ''} >/proc/self/oom_score_adj && exec "$0" "$@"`;
      const result = await fixture.start({ through: ['/bin/sh', '-c', script] });
      assert.deepEqual([result.status, result.stderr], [0, '']);
      const [pid] = fixture.daemons();
      assert.equal(readFileSync(`/proc/${pid ?? 0}/oom_score_adj`, 'utf8').trim(), String(expected));
    },
  );
}

/** A folder that holds cgroups, of a hierarchy that can be written; undefined with the reason printed. */
function writableHierarchy(): string | undefined {
  const candidates =
    linux !== false
      ? []
      : statfsSync(hierarchies).type === cgroup2
        ? [hierarchies]
        : ['pids', 'cpu,cpuacct', 'cpu', 'freezer', 'memory'].map((name) => join(hierarchies, name));
  return candidates.find((candidate) => {
    try {
      accessSync(join(candidate, 'cgroup.procs'), constants.W_OK);
      return true;
    } catch {
      return false; // not mounted here, or not ours to write
    }
  });
}

const hierarchy = writableHierarchy();
const skip = hierarchy === undefined ? 'no cgroup hierarchy that this user may write' : false;

/** A new cgroup, which is removed when all its processes are gone. */
function createCgroup(context: TestContext): string {
  const name = `/launcher-test-${process.pid}`;
  const folder = join(hierarchy ?? '', name);
  mkdirSync(folder);
  context.after(async () => {
    if (!existsSync(folder)) return;
    // A killed process leaves its cgroup some time after the kill, and version 1 tells nobody.
    while (readFileSync(join(folder, 'cgroup.procs'), 'utf8') !== '') await delay(10);
    rmdirSync(folder);
  });
  return name;
}

for (const [version, input] of [
  ['2.2', (shimCgroup: string) => optionsAny(shimCgroup, 'type.googleapis.com/')],
  ['2.3', (shimCgroup: string) => bootstrapParams({ id: 'box', namespace: 'space', shimCgroup })],
] as const) {
  test(`the shim_cgroup of containerd ${version} holds the daemon alone`, { skip }, async (context) => {
    // First, so that the daemon is ended before its cgroup is removed.
    const fixture = createFixture(context);
    const cgroup = createCgroup(context);
    const result = await fixture.start({ input: input(cgroup) });
    assert.deepEqual([result.status, result.stderr], [0, '']);
    const members = readFileSync(join(hierarchy ?? '', cgroup, 'cgroup.procs'), 'utf8')
      .trim()
      .split('\n');
    assert.deepEqual(members.map(Number), fixture.daemons());
    await fixture.killDaemons();
  });
}

test('a shim_cgroup that does not exist', { skip: linux }, async (context) => {
  const fixture = createFixture(context);
  const result = await fixture.start({ input: optionsAny('../../no/such') });
  assert.equal(complaint(result), 'shim_cgroup: there is no cgroup /no/such');
  assert.deepEqual(fixture.log(), []);
});
