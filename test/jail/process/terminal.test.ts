import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { beginProcess } from '../../../src/jail/process/launch.js';
import { read, statusAt } from '../../../src/kernel/freebsd/file.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import { readTerminalSize } from '../../../src/kernel/freebsd/terminal.js';
import { exitProgram } from '../../model/execve.js';
import { makeWorld, plan, terminalStdio } from './world.js';

const withTerminal = plan({ terminal: true, consoleSize: { width: 80, height: 24 } });

describe('a process of a jail with a terminal', () => {
  for (const release of [12, 14, 15] as const) {
    it(`has it in the jail, and its master with the daemon (FreeBSD ${release})`, async () => {
      const world = await makeWorld(release);
      const { jid, tools, model } = world;
      const before = model.remains();
      const stdio = terminalStdio(world);
      const begun = await beginProcess(tools, stdio);
      const prepared = await begun.prepare({ jid, plan: withTerminal });
      await prepared.start();
      const { process } = prepared;
      const made = world.process(process.pid);
      assert.deepEqual(made.descriptors.numbers(), [0, 1, 2]);
      assert.equal(made.session.terminal, 'pts/0');
      const master = stdio.terminal ? (stdio.master() ?? -1) : -1;
      assert.deepEqual(await run(tools.system, (b) => readTerminalSize(b, master)), {
        rows: 24,
        columns: 80,
      });
      process.resize(132, 50);
      assert.deepEqual(await run(tools.system, (b) => readTerminalSize(b, master)), {
        rows: 50,
        columns: 132,
      });
      exitProgram(made, 0);
      assert.equal((await process.exited).status, 0);
      assert.equal((await run(tools.system, (b) => read(b, master, 10, 'terminal'))).byteLength, 0);
      stdio.close();
      process.resize(1, 1);
      assert.deepEqual(model.remains(), before);
      assert.deepEqual(world.reports, []);
    });
  }

  it('leaves nothing when it cannot be prepared', async () => {
    const world = await makeWorld();
    const before = world.model.remains();
    const stdio = terminalStdio(world);
    const begun = await beginProcess(world.tools, stdio);
    const preparing = begun.prepare({ jid: world.jid, plan: { ...withTerminal, args: ['none'] } });
    await assert.rejects(preparing, /executable file not found/);
    await begun.abandon();
    assert.equal(stdio.terminal && stdio.master(), undefined);
    assert.deepEqual(world.model.remains(), before);
    await run(world.tools.system, (b) => statusAt(b, '/dev/null'));
    assert.equal(world.model.system.terminals.list.length, 0);
  });
});
