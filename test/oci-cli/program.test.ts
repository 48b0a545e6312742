import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { hybridCgroups } from '../../src/oci-cli/hybrid.js';
import { findProgram, locate, programEnvironment } from '../../src/oci-cli/program.js';
import { folder } from '../runtime/folder.js';

/** Two folders as PATH, in which these are programs; answers the folders. */
function withPath(context: TestContext, ...programs: string[]): string[] {
  const path = folder(context);
  const folders = ['one', 'two'].map((name) => join(path, name));
  for (const one of folders) mkdirSync(one);
  for (const program of programs) writeFileSync(join(path, program), '#!/bin/sh\n', { mode: 0o755 });
  const before = process.env['PATH'];
  process.env['PATH'] = folders.join(':');
  context.after(() => {
    process.env['PATH'] = before;
  });
  return folders;
}

test('a program is found by name in the first folder of PATH that has it, and by its path', (context) => {
  const [one = '', two = ''] = withPath(context, 'two/crun', 'one/runc', 'two/runc');
  assert.equal(locate('runc'), join(one, 'runc'));
  assert.equal(locate('crun'), join(two, 'crun'));
  assert.equal(locate(join(two, 'runc')), join(two, 'runc'));
  assert.equal(locate('youki'), undefined);
  const { name, file, globalArgs } = findProgram('crun');
  assert.deepEqual([name, file, globalArgs], ['crun', join(two, 'crun'), []]);
});

test('what cannot be executed is no program', (context) => {
  const [one = '', two = ''] = withPath(context, 'one/runc', 'two/runc');
  chmodSync(join(one, 'runc'), 0o644);
  mkdirSync(join(one, 'crun'));
  assert.equal(locate('runc'), join(two, 'runc'));
  assert.equal(locate('crun'), undefined);
  assert.equal(locate(join(one, 'runc')), undefined);
});

test('auto takes the one that works on this host, or the other if it is the only one', (context) => {
  const [one = ''] = withPath(context, 'one/runc', 'one/crun');
  assert.equal(findProgram('auto').name, hybridCgroups() ? 'runc' : 'crun');
  for (const [gone, left] of [
    ['runc', 'crun'],
    ['crun', 'runc'],
  ] as const) {
    chmodSync(join(one, gone), 0o644);
    assert.equal(findProgram('auto').name, left);
    chmodSync(join(one, gone), 0o755);
  }
});

test('one that is missing is named, with where it was looked for', (context) => {
  const path = withPath(context).join(':');
  assert.throws(() => findProgram('youki'), {
    kind: 'not-found',
    message: `no OCI runtime: youki not found in ${path}`,
  });
  assert.throws(() => findProgram('auto'), {
    kind: 'not-found',
    message: new RegExp(`^no OCI runtime: (runc nor crun|crun nor runc) not found in ${path}$`),
  });
});

test('cgroups are hybrid when both versions are mounted', () => {
  const line = (type: string): string => `30 29 0:26 / /sys/fs/cgroup/x rw - ${type} ${type} rw\n`;
  assert.equal(hybridCgroups(line('cgroup') + line('cgroup2')), true);
  assert.equal(hybridCgroups(line('cgroup') + line('tmpfs')), false);
  assert.equal(hybridCgroups(line('cgroup2')), false);
  assert.equal(hybridCgroups(''), false);
});

test('a program gets the environment without what is for the daemon alone', (context) => {
  const names = ['NODE_OPTIONS', 'MALLOC_ARENA_MAX', 'MALLOC_ARENA_MAX_TOO', 'SYSTEMD_LOG'];
  for (const name of names) process.env[name] = 'value';
  context.after(() => {
    for (const name of names) Reflect.deleteProperty(process.env, name);
  });
  const environment = programEnvironment();
  assert.deepEqual(
    names.filter((name) => environment.includes(`${name}=value`)),
    ['MALLOC_ARENA_MAX_TOO', 'SYSTEMD_LOG'],
  );
});
