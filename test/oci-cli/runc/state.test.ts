import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseMountTable } from '../../../src/kernel/linux/mountinfo.js';
import { parseState } from '../../../src/oci-cli/runc/state.js';

const hierarchies = parseMountTable(
  '32 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n' +
    '41 31 0:41 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n',
);

/** What runc 1.1.5 writes, without what is not read. */
const good = {
  id: 'c1',
  init_process_pid: 42,
  init_process_start: 345552,
  config: { rootfs: '/bundle/rootfs', Hooks: null },
  rootless: false,
  cgroup_paths: { '': '/sys/fs/cgroup/unified/ns/c1', memory: '/sys/fs/cgroup/memory/ns/c1' },
  namespace_paths: { NEWPID: '/proc/42/ns/pid' },
  external_descriptors: ['/dev/null', '/dev/null', '/dev/null'],
  intel_rdt_path: '',
};
const read = (state: unknown) => parseState(JSON.stringify(state), 'c1', 42, hierarchies);

suite('state.json', () => {
  test('names the cgroups of the container', () => {
    assert.deepEqual(read(good), {
      cgroups: ['/sys/fs/cgroup/unified/ns/c1', '/sys/fs/cgroup/memory/ns/c1'],
    });
  });

  for (const [what, change] of [
    ['of another container', { id: 'c2' }],
    ['of another process', { init_process_pid: 43 }],
    ['without cgroups', { cgroup_paths: undefined }],
    ['without a configuration', { config: [] }],
    ['without namespaces', { namespace_paths: null }],
    ['of a container without root', { rootless: true }],
    ['with a group of the resource director', { intel_rdt_path: '/sys/fs/resctrl/c1' }],
    ['with a cgroup elsewhere', { cgroup_paths: { memory: '/home/user' } }],
    ['with a cgroup that climbs', { cgroup_paths: { memory: '/sys/fs/cgroup/memory/../../../../home' } }],
    ['with a whole hierarchy for a cgroup', { cgroup_paths: { memory: '/sys/fs/cgroup/memory' } }],
    ['with a cgroup that is no text', { cgroup_paths: { memory: 7 } }],
  ] as const) {
    test(`${what} is left to runc`, () => {
      assert.equal(read({ ...good, ...change }), undefined);
    });
  }

  test('that is cut off, empty or no object is left to runc', () => {
    for (const text of ['', '{"id": "c1"', 'null', '[]', '7']) {
      assert.equal(parseState(text, 'c1', 42, hierarchies), undefined);
    }
  });
});
