import assert from 'node:assert/strict';
import { mkdirSync, rmdirSync } from 'node:fs';
import { suite, test } from 'node:test';
import { CgroupGoneError } from '../../../src/oci-cli/cgroup/gone.js';
import { readPids } from '../../../src/oci-cli/cgroup/pids.js';
import { makeV1, makeV2, withoutV1, withoutV2 } from './host.js';
import { sampleCgroup } from './sample.js';

suite('pids', () => {
  test('are those of all cgroups below, each once, in order', (t) => {
    const unified = sampleCgroup(t, {
      'cgroup.procs': '12\n9\n',
      'a/cgroup.procs': '100\n',
      'a/b/cgroup.procs': '9\n0\n11\n',
      'c/cgroup.events': 'populated 0\n',
      'memory.current': '1\n',
    });
    assert.deepEqual(readPids({ mode: 'v2', controllers: new Map(), unified }), [9, 11, 12, 100]);
  });

  test('of version 1 come from one controller', (t) => {
    const directory = sampleCgroup(t, { 'memory/cgroup.procs': '1\n', 'freezer/cgroup.procs': '2\n' });
    const controllers = new Map(['memory', 'freezer'].map((name) => [name, `${directory}/${name}`]));
    assert.deepEqual(readPids({ mode: 'v1', controllers, unified: undefined }), [2]);
    controllers.delete('freezer');
    assert.deepEqual(readPids({ mode: 'v1', controllers, unified: undefined }), [1]);
  });

  test('of a cgroup that is gone are an error', () => {
    const paths = { mode: 'v2', controllers: new Map<string, string>(), unified: '/nonexistent/c1' } as const;
    assert.throws(() => readPids(paths), CgroupGoneError);
  });
});

for (const [version, make, skip] of [
  ['1', makeV1, withoutV1()],
  ['2', makeV2, withoutV2()],
] as const) {
  test(`pids of a real cgroup of version ${version}`, { skip }, async () => {
    await using cgroup = make();
    assert.deepEqual(readPids(cgroup.paths), []);
    const children = [cgroup.launch('true'), cgroup.launch('true')];
    const expected = children.map(({ pid }) => pid).sort((a, b) => a - b);
    assert.deepEqual(readPids(cgroup.paths), expected);
    const nested = `${cgroup.paths.controllers.get('pids') ?? cgroup.paths.unified ?? ''}/nested`;
    mkdirSync(nested);
    assert.deepEqual(readPids(cgroup.paths), expected);
    rmdirSync(nested);
    await Promise.all(children.map((child) => child.end()));
    assert.deepEqual(readPids(cgroup.paths), []);
    cgroup.remove();
    assert.throws(() => readPids(cgroup.paths), CgroupGoneError);
  });
}
