import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { adoptOrphans } from '../../../src/jail/process/orphans.js';
import { launchProcess } from '../../../src/jail/process/launch.js';
import { removeJailAndWait } from '../../../src/jail/jail/remove.js';
import { exitProgram } from '../../model/execve.js';
import { makeWorld, plainStdio, plan, type World } from './world.js';

/** A running process of the container, with a child whose child outlives it. */
async function family(world: World) {
  const { processes } = world.model.system;
  const init = await launchProcess(world.tools, { jid: world.jid, plan: plan() }, await plainStdio(world));
  const child = processes.fork(world.process(init.pid));
  const orphan = processes.fork(child);
  return { init, child, orphan };
}

describe('orphans of a container', () => {
  it('are adopted, collected when they end, and then hold no jail', async () => {
    const world = await makeWorld();
    const { model, tools } = world;
    const { processes } = model.system;
    const mine = new Set<number>();
    const orphans = await adoptOrphans({ ...tools, isAwaited: (pid) => mine.has(pid) });
    const { init, orphan } = await family(world);
    mine.add(init.pid);
    exitProgram(world.process(init.pid), 0);
    assert.equal((await init.exited).status, 0);
    // Its child went to the daemon, and so does that one's child now.
    const [adopted] = processes.childrenOf(model.kernel.process);
    assert.ok(adopted);
    processes.end(adopted, 0);
    assert.equal(orphan.parent, model.kernel.process);
    processes.end(orphan, 9);
    await orphans.collect();
    assert.deepEqual(processes.childrenOf(model.kernel.process), []);
    await removeJailAndWait(tools.system, world.jid, { patience: 0 });
    await orphans.close();
    await orphans.close();
    assert.equal(model.kernel.process.reaper, false);
    assert.deepEqual(world.reports, []);
  });

  it('are told apart from children that somebody else waits for', async () => {
    const world = await makeWorld();
    const { processes } = world.model.system;
    const daemon = world.model.kernel.process;
    const awaited = processes.fork(daemon);
    const other = processes.fork(daemon);
    let asked = 0;
    const orphans = await adoptOrphans({
      ...world.tools,
      isAwaited: (pid) => {
        if (pid !== awaited.pid) return false;
        // Whoever waits for it does so a little later.
        asked++;
        if (asked === 3) processes.collect(awaited);
        return true;
      },
    });
    processes.end(awaited, 0);
    processes.end(other, 0);
    await orphans.collect();
    assert.deepEqual([asked, processes.childrenOf(daemon)], [3, []]);
    await orphans.close();
  });

  it('are collected at SIGCHLD', async () => {
    const world = await makeWorld();
    const { processes } = world.model.system;
    const orphans = await adoptOrphans({ ...world.tools, isAwaited: () => false });
    const child = processes.fork(world.model.kernel.process);
    const collected = new Promise<void>((resolve) => {
      const collect = processes.collect.bind(processes);
      processes.collect = (ended) => {
        collect(ended);
        resolve();
      };
    });
    processes.end(child, 0);
    // A handler of signals alone does not keep Node from ending.
    const awake = setInterval(() => undefined, 60_000);
    process.kill(process.pid, 'SIGCHLD');
    await collected;
    clearInterval(awake);
    assert.equal(processes.get(child.pid), undefined);
    await orphans.close();
  });
});
