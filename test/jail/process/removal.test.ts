import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { removeJailAndWait } from '../../../src/jail/jail/remove.js';
import { launchProcess } from '../../../src/jail/process/launch.js';
import { makeWorld, plan, terminalStdio } from './world.js';

describe('the jail of a process with a terminal', () => {
  for (const release of [12, 14] as const) {
    it(`dies though a terminal of it is not freed by itself (FreeBSD ${release})`, async () => {
      const world = await makeWorld(release);
      const { jid, model, tools } = world;
      const stdio = terminalStdio(world);
      const process = await launchProcess(tools, { jid, plan: plan({ terminal: true }) }, stdio);
      await process.signal(9);
      await process.exited;
      stdio.close();
      const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
      await removeJailAndWait(tools.system, jid, { patience: 1000, pause });
      assert.deepEqual(
        model.remains().filter((what) => what.startsWith('jail')),
        [],
      );
    });
  }
});
