import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Batch, Kernel } from '../../../src/kernel/kernel.js';
import { continueJails, signalJails, stopJails } from '../../../src/kernel/freebsd/jail-signals.js';
import { attachJail, setJail } from '../../../src/kernel/freebsd/jail.js';
import { listProcesses } from '../../../src/kernel/freebsd/process-list.js';
import { run, type FreeBSD } from '../../../src/kernel/freebsd/run.js';
import { openModel, type Model } from '../../model/model.js';

/** A jail with processes in it that only fork. */
async function bomb(model: Model, size: number): Promise<number> {
  const jid = await run(model.freebsd, (b) =>
    setJail(b, { name: 'bomb', persist: true }, { operation: 'create' }),
  );
  for (let count = 0; count < size; count++) {
    const kernel = await model.kernel.fork();
    await run({ ...model.freebsd, kernel }, (b) => attachJail(b, jid));
  }
  return jid;
}

/** The model, but that before each batch every process that runs in the jail has a child, while `goesOn` says so. */
function forking({ freebsd, system }: Model, jid: number, goesOn: () => boolean): FreeBSD {
  const inJail = () =>
    system.processes.list.filter(({ jail, state }) => jail.jid === jid && state === 'running');
  const kernel: Kernel = {
    platform: 'freebsd',
    close: () => undefined,
    run: (batch: Batch) => {
      if (goesOn()) for (const parent of inJail()) system.processes.fork(parent);
      return freebsd.kernel.run(batch);
    },
  };
  return { ...freebsd, kernel };
}

/** Who is alive in the jail, by state. */
async function states({ freebsd }: Model, jid: number): Promise<string[]> {
  const list = await listProcesses(freebsd, [jid]);
  return [...new Set(list.map(({ state }) => state).filter((state) => state !== 'zombie'))];
}

describe('signals to all of a jail', () => {
  it('reach children that are forked between the list and the signal', async () => {
    const model = openModel(14);
    const jid = await bomb(model, 3);
    let batches = 0;
    const system = forking(model, jid, () => ++batches <= 8);
    const { passes } = await signalJails(system, [jid], 'SIGKILL');
    assert.ok(passes > 2, `${passes} passes`);
    assert.deepEqual(await states(model, jid), []);
  });

  it('stop children that are forked meanwhile', async () => {
    const model = openModel(14);
    const jid = await bomb(model, 3);
    let batches = 0;
    await stopJails(
      forking(model, jid, () => ++batches <= 5),
      [jid],
    );
    assert.deepEqual(await states(model, jid), ['stopped']);
    await continueJails(model.freebsd, [jid]);
    assert.deepEqual(await states(model, jid), ['sleeping']);
  });

  it('stop again whom somebody lets go on', async () => {
    const model = openModel(14);
    const jid = await bomb(model, 2);
    let batches = 0;
    const kernel: Kernel = {
      platform: 'freebsd',
      close: () => undefined,
      run: (batch) => {
        batches++;
        const [process] = model.system.processes.list.filter(({ jail }) => jail.jid === jid);
        if (batches === 3 && process) process.state = 'running';
        return model.kernel.run(batch);
      },
    };
    await stopJails({ ...model.freebsd, kernel }, [jid]);
    assert.ok(batches > 3);
    assert.deepEqual(await states(model, jid), ['stopped']);
  });

  it('give up on a jail that they cannot catch up with, and name who is left', async () => {
    const model = openModel(14);
    const jid = await bomb(model, 1);
    // One more each time: were there twice as many each time, the list would be the first to give up.
    const kernel: Kernel = {
      platform: 'freebsd',
      close: () => undefined,
      run: (batch) => {
        const parent = model.system.processes.list.find(({ jail }) => jail.jid === jid);
        if (parent) model.system.processes.fork(parent);
        return model.kernel.run(batch);
      },
    };
    const system = { ...model.freebsd, kernel };
    const failing = signalJails(system, [jid], 'SIGUSR1');
    await assert.rejects(
      failing,
      /^Error: SIGUSR1 to all of jail \d+: after 200 passes there is process \d+/,
    );
  });

  it('end once everybody has the signal, even if nobody obeys', async () => {
    const model = openModel(14);
    const jid = await bomb(model, 4);
    assert.deepEqual((await signalJails(model.freebsd, [jid], 'SIGWINCH')).passes, 2);
    assert.deepEqual(await states(model, jid), ['sleeping']);
  });

  it('are refused for the host and for no jail', async () => {
    const { freebsd } = openModel(14);
    for (const jails of [[], [0], [3, 0]]) {
      await assert.rejects(signalJails(freebsd, jails, 'SIGKILL'), /^RangeError: jails: none, or the host$/);
    }
  });
});

describe('the list of processes', () => {
  it('is read again with more room if it has grown', async () => {
    const model = openModel(14);
    const jid = await bomb(model, 300);
    assert.equal((await listProcesses(model.freebsd, [jid])).length, 300);
  });

  it('is read again while it goes on growing', async () => {
    const model = openModel(14);
    const jid = await bomb(model, 150);
    let batches = 0;
    const system = forking(model, jid, () => ++batches <= 2);
    assert.equal((await listProcesses(system, [jid])).length, 600);
    assert.ok(batches >= 3);
  });
});
