import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { everybodyIn } from '../../../src/jail/process/everybody.js';
import type { Kernel } from '../../../src/kernel/kernel.js';
import { attachJail, setJail } from '../../../src/kernel/freebsd/jail.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import { openModel, type Model } from '../../model/model.js';
import type { Process } from '../../model/process.js';

async function makeJail({ freebsd }: Model, name: string): Promise<number> {
  return run(freebsd, (b) => setJail(b, { name, persist: true, 'children.max': 5 }, { operation: 'create' }));
}

async function enter({ freebsd, kernel }: Model, jid: number): Promise<Process> {
  const child = await kernel.fork();
  await run({ ...freebsd, kernel: child }, (b) => attachJail(b, jid));
  return child.process;
}

/** A pod's sandbox with a member, each with a jail of its own making in it, and another container. */
async function makePod(model: Model) {
  const jids = {
    sandbox: await makeJailOf('pod'),
    nested: await makeJailOf('pod.nested'),
    member: await makeJailOf('pod.member'),
    inMember: await makeJailOf('pod.member.own'),
    other: await makeJailOf('other'),
  };
  const processes = {
    sandbox: await enter(model, jids.sandbox),
    nested: await enter(model, jids.nested),
    member: await enter(model, jids.member),
    inMember: await enter(model, jids.inMember),
    other: await enter(model, jids.other),
  };
  return { jids, processes };

  function makeJailOf(name: string): Promise<number> {
    // The outermost may have more than those in it.
    const max = 20 - name.split('.').length * 5;
    return run(model.freebsd, (b) =>
      setJail(b, { name, persist: true, 'children.max': max }, { operation: 'create' }),
    );
  }
}

describe('all processes of a container', () => {
  it('are those in its jail and in jails that it made, not those of other containers in it', async () => {
    const model = openModel(14);
    const { jids, processes } = await makePod(model);
    const sandbox = everybodyIn(model.freebsd, jids.sandbox, () => [jids.member]);
    assert.deepEqual(await sandbox.pids(), [processes.sandbox.pid, processes.nested.pid]);
    const member = everybodyIn(model.freebsd, jids.member);
    assert.deepEqual(await member.pids(), [processes.member.pid, processes.inMember.pid]);
  });

  it('get signals, and nobody else does', async () => {
    const model = openModel(14);
    const { jids, processes } = await makePod(model);
    await everybodyIn(model.freebsd, jids.sandbox, () => [jids.member]).signal(15);
    const alive = Object.entries(processes).filter(([, { alive: lives }]) => lives);
    assert.deepEqual(
      alive.map(([name]) => name),
      ['member', 'inMember', 'other'],
    );
    assert.deepEqual(await everybodyIn(model.freebsd, jids.sandbox, () => [jids.member]).pids(), []);
  });

  it('stop and go on', async () => {
    const model = openModel(14);
    const { jids, processes } = await makePod(model);
    const all = everybodyIn(model.freebsd, jids.member);
    await all.pause();
    const states = () => Object.values(processes).map(({ state }) => state);
    assert.deepEqual(states(), ['running', 'running', 'stopped', 'stopped', 'running']);
    assert.deepEqual((await all.pids()).length, 2);
    await all.resume();
    assert.deepEqual(states(), ['running', 'running', 'running', 'running', 'running']);
  });

  it('go on if not all of them can be stopped, and that is said', async () => {
    const model = openModel(14);
    const jid = await makeJail(model, 'wild');
    const [calm, wild] = [await enter(model, jid), await enter(model, jid)];
    let pausing = true;
    const kernel: Kernel = {
      platform: 'freebsd',
      close: () => undefined,
      run: (batch) => {
        if (pausing) wild.state = 'running';
        return model.kernel.run(batch);
      },
    };
    const all = everybodyIn({ ...model.freebsd, kernel }, jid);
    await assert.rejects(all.pause(), {
      name: 'RuntimeError',
      kind: 'failed',
      message: new RegExp(`^SIGSTOP to all of jail ${jid}: after 200 passes there is process ${wild.pid}$`),
    });
    pausing = false;
    assert.equal(calm.state, 'running');
  });

  it('are none in a jail without any, which takes signals all the same', async () => {
    const model = openModel(14);
    const all = everybodyIn(model.freebsd, await makeJail(model, 'empty'));
    assert.deepEqual(await all.pids(), []);
    await all.signal(9);
    await all.pause();
    await all.resume();
  });
});
