import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseMountTable } from '../../../src/kernel/linux/mountinfo.js';
import { CgroupGoneError } from '../../../src/oci-cli/cgroup/gone.js';
import { findCgroups, locate, parseMembership, readHierarchies } from '../../../src/oci-cli/cgroup/locate.js';
import { makeV1, makeV2, withoutV1, withoutV2 } from './host.js';

const cgroupMount = (id: number, root: string, where: string, type: string, options: string): string =>
  `${id} 31 0:${id} ${root} ${where} rw,relatime - ${type} ${type} ${options}\n`;

const hybrid = parseMountTable(
  cgroupMount(32, '/', '/sys/fs/cgroup/cpu,cpuacct', 'cgroup', 'rw,cpu,cpuacct') +
    cgroupMount(35, '/', '/sys/fs/cgroup/memory', 'cgroup', 'rw,memory') +
    cgroupMount(40, '/', '/sys/fs/cgroup/systemd', 'cgroup', 'rw,xattr,name=systemd') +
    cgroupMount(41, '/', '/sys/fs/cgroup/unified', 'cgroup2', 'rw'),
);
const unified = parseMountTable(cgroupMount(31, '/', '/sys/fs/cgroup', 'cgroup2', 'rw,nsdelegate'));
const none = parseMembership('');

suite('membership', () => {
  test('has every controller, and version 2 under no name', () => {
    const text = '9:name=systemd:/a\n4:memory:/b:c\n2:cpu,cpuacct:/d\n1::/e\n0::/f\n';
    assert.deepEqual(
      [...parseMembership(text)],
      [
        ['memory', '/b:c'],
        ['cpu', '/d'],
        ['cpuacct', '/d'],
        ['', '/f'],
      ],
    );
  });
});

suite('directories', () => {
  test('of a host with version 2 only', () => {
    const paths = locate(parseMembership('0::/ns/c1\n'), none, unified, 'c1');
    assert.deepEqual(paths, { mode: 'v2', controllers: new Map(), unified: '/sys/fs/cgroup/ns/c1' });
  });

  test('of a hybrid host, where version 2 may be left alone', () => {
    const own = parseMembership('4:memory:/\n2:cpu,cpuacct:/\n0::/shim\n');
    const text = '9:name=systemd:/ns/c1\n4:memory:/ns/c1\n2:cpu,cpuacct:/ns/c1\n0::/shim\n';
    assert.deepEqual(locate(parseMembership(text), own, hybrid, 'c1'), {
      mode: 'v1',
      controllers: new Map([
        ['memory', '/sys/fs/cgroup/memory/ns/c1'],
        ['cpu', '/sys/fs/cgroup/cpu,cpuacct/ns/c1'],
        ['cpuacct', '/sys/fs/cgroup/cpu,cpuacct/ns/c1'],
      ]),
      unified: undefined,
    });
  });

  test('of a controller that is not mounted are none', () => {
    const { controllers } = locate(parseMembership('4:memory:/c\n5:rdma:/c\n'), none, hybrid, 'c1');
    assert.deepEqual([...controllers.keys()], ['memory']);
  });

  test('of a mount that shows a part of the hierarchy only', () => {
    const part = parseMountTable(cgroupMount(31, '/docker/x', '/sys/fs/cgroup', 'cgroup2', 'rw'));
    const find = (path: string): string | undefined =>
      locate(parseMembership(`0::${path}\n`), none, part, 'c1').unified;
    assert.equal(find('/docker/x/c1'), '/sys/fs/cgroup/c1');
    assert.equal(find('/docker/x'), '/sys/fs/cgroup');
    assert.equal(find('/docker/x/..c1'), '/sys/fs/cgroup/..c1');
    for (const path of ['/docker/xy', '/docker', '/../c1']) assert.throws(() => find(path), CgroupGoneError);
  });

  test('are none outside of this cgroup namespace', () => {
    const outside = parseMountTable(cgroupMount(31, '/../..', '/sys/fs/cgroup', 'cgroup2', 'rw'));
    for (const [path, mounts] of [
      ['/../c1', unified],
      ['/..', unified],
      ['/c1', outside],
    ] as const) {
      assert.throws(() => locate(parseMembership(`0::${path}\n`), none, mounts, 'c1'), CgroupGoneError);
    }
  });

  test('are none for the root, and for the cgroup of this daemon', () => {
    const own = parseMembership('4:memory:/shim\n0::/shim\n');
    for (const text of ['4:memory:/\n0::/\n', '4:memory:/shim\n0::/shim\n', '0::/shim\n', '']) {
      assert.throws(
        () => locate(parseMembership(text), own, hybrid, 'process 7'),
        (error) =>
          error instanceof CgroupGoneError &&
          error.kind === 'not-found' &&
          error.message === 'process 7 has no cgroup of its own',
      );
    }
  });
});

suite('on this host', { skip: withoutV1() }, () => {
  test('a process is found in its cgroup, and no longer when it has ended', async () => {
    await using cgroup = makeV1();
    const child = cgroup.launch('true');
    const found = findCgroups(child.pid, readHierarchies());
    await child.end();
    assert.equal(found.mode, 'v1');
    assert.deepEqual(new Map([...found.controllers].sort()), new Map([...cgroup.paths.controllers].sort()));
    assert.throws(() => findCgroups(child.pid, readHierarchies()), CgroupGoneError);
  });

  test('this process itself has none', () => {
    assert.throws(() => findCgroups(process.pid, readHierarchies()), CgroupGoneError);
  });
});

test('a process is found in its cgroup of version 2', { skip: withoutV2() }, async () => {
  await using cgroup = makeV2();
  const child = cgroup.launch('true');
  const found = findCgroups(child.pid, readHierarchies());
  await child.end();
  assert.deepEqual(found, cgroup.paths);
});
