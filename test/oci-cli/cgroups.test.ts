import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLocalKernel } from '../../src/kernel/local.js';
import { createCgroups } from '../../src/oci-cli/cgroups.js';

const unexpected = (): void => {
  throw new Error('called, though nothing can have happened');
};
const linux = process.platform === 'linux' ? false : 'cgroups are Linux';

test(
  'a container whose init has ended already has no figures, and is no error',
  { skip: linux },
  async () => {
    const kernel = openLocalKernel('koffi');
    const cgroups = createCgroups(kernel, unexpected);
    const gone = 2 ** 22 + 1; // beyond the kernel's largest pid (proc_sys_kernel(5))
    const cgroup = cgroups.open(gone);
    cgroup.onOutOfMemory(unexpected);
    assert.equal(cgroup.killedForMemory(), false);
    await assert.rejects(cgroup.metrics(), { kind: 'not-found' });
    cgroup.release();
    cgroups.close();
    kernel.close();
  },
);
