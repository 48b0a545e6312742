import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { spawnAgent } from '../../../src/kernel/agent/start.js';
import { openDescriptors } from '../descriptors.js';
import { notLinux } from '../kernels.js';
import { busybox, execve, make, noBusybox, plainCall } from './launch.js';
import { compileAgent, noCompiler } from './programs.js';

const launches = 500;
const atOnce = 10;

describe('launching', { skip: notLinux || noCompiler || noBusybox }, () => {
  it(`leaves nothing behind, ${launches} times`, async () => {
    const { path, remove } = compileAgent('hosted');
    after(remove);
    async function launch(): Promise<void> {
      const { agent, child } = await spawnAgent({ path, stdio: ['ignore', 'pipe', 'pipe'] });
      const closed = once(child, 'close');
      await make(agent, plainCall('setsid'));
      await agent.become(execve(busybox, ['sh', '-c', 'exit 3']), busybox);
      assert.deepEqual(await closed, [3, null]);
      await agent.ended;
    }
    // What Node opens once for all children is open then.
    await launch();
    const before = openDescriptors();
    let left = launches;
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        while (left-- > 0) await launch();
      }),
    );
    assert.deepEqual(openDescriptors(), before);
    assert.equal(childrenOfThisProcess(), '');
  });
});

function childrenOfThisProcess(): string {
  return readdirSync('/proc/self/task')
    .map((task) => readFileSync(`/proc/self/task/${task}/children`, 'utf8'))
    .join('');
}
