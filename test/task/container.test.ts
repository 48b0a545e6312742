import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { TaskV2 } from '../../src/proto/generated/services.js';
import { unpack } from '../../src/proto/any.js';
import { ProcessDetails } from '../../src/proto/generated/messages.js';
import { RuntimeError } from '../../src/runtime/error.js';
import { notLinux } from '../kernel/kernels.js';
import { Reader } from './stdio/client.js';
import { makeFifo } from './stdio/fixture.js';
import { codeOf, type Shim, startShim } from './shim.js';

const methods = TaskV2.methods;
const box = { id: 'box' };
const exec = { ...box, execId: 'sh' };
const kill = (shim: Shim, more: object = {}) => shim.call(methods.Kill, { ...box, signal: 9, ...more });

async function running(test: TestContext, script = 'exec sleep 1000'): Promise<Shim> {
  const shim = await startShim(test);
  await shim.create(script);
  await shim.start();
  return shim;
}

describe('the order of events', { skip: notLinux, timeout: 60_000 }, () => {
  it('is create, start, exit, delete; added, started, exit of an exec', async (test) => {
    const shim = await running(test);
    await shim.exec('sh', 'exit 4');
    await shim.start('sh');
    assert.equal(await shim.wait('sh'), 4);
    await shim.call(methods.Delete, exec);
    await kill(shim);
    assert.equal(await shim.wait(), 137);
    await shim.call(methods.Delete, box);
    assert.deepEqual(shim.events.lines, [
      'create box',
      'start box',
      'exec-added box/sh',
      'exec-started box/sh',
      'exit box/sh',
      'exit box',
      'delete box',
    ]);
  });

  it('holds the exit of init back until Start of it was announced', async (test) => {
    const shim = await startShim(test);
    const pid = await shim.create('exit 7');
    const held = shim.runtime.gates.hold('started');
    const started = shim.start();
    await held.reached;
    await shim.runtime.get('box').init.exited;
    assert.deepEqual(shim.events.lines, ['create box']);
    held.release();
    assert.equal(await started, pid);
    assert.equal(await shim.wait(), 7);
    assert.deepEqual(shim.events.lines, ['create box', 'start box', 'exit box']);
    assert.equal((await shim.call(methods.State, box)).pid, pid);
  });

  it('holds the exit of an exec back until Start of it was announced', async (test) => {
    const shim = await running(test);
    const held = shim.runtime.gates.hold('execed');
    await shim.exec('sh', 'exit 7');
    const started = shim.start('sh');
    await held.reached;
    held.release();
    const pid = await started;
    assert.ok(pid > 0);
    assert.equal(await shim.wait('sh'), 7);
    assert.deepEqual(shim.events.lines.slice(-2), ['exec-started box/sh', 'exit box/sh']);
    assert.equal((await shim.call(methods.State, exec)).pid, pid);
  });

  it('has the exits of all execs before that of init, which takes them along', async (test) => {
    const shim = await running(test);
    for (const execId of ['a', 'b', 'c']) {
      await shim.exec(execId, 'exec sleep 1000');
      await shim.start(execId);
    }
    await kill(shim);
    assert.equal(await shim.wait(), 137);
    assert.deepEqual(shim.events.lines.slice(-4, -1).sort(), ['exit box/a', 'exit box/b', 'exit box/c']);
    assert.equal(shim.events.lines.at(-1), 'exit box');
    assert.deepEqual(await Promise.all(['a', 'b', 'c'].map((id) => shim.wait(id))), [137, 137, 137]);
  });

  it('has the exit of an exec that is still being started before that of init', async (test) => {
    const shim = await running(test);
    await shim.exec('sh', 'exec sleep 1000');
    const launched = shim.runtime.gates.hold('execed');
    const started = shim.start('sh');
    await launched.reached;
    const killing = shim.runtime.gates.hold('signalAll');
    await kill(shim);
    await killing.reached;
    killing.release();
    launched.release();
    await started;
    assert.equal(await shim.wait(), 137);
    assert.deepEqual(shim.events.lines.slice(-3), ['exec-started box/sh', 'exit box/sh', 'exit box']);
  });

  it('does not hold back the exit of an exec while others run', async (test) => {
    const shim = await running(test);
    await shim.exec('other', 'exec sleep 1000');
    await shim.start('other');
    await shim.exec('sh', 'true');
    await shim.start('sh');
    assert.equal(await shim.wait('sh'), 0);
    assert.ok(shim.events.lines.includes('exit box/sh'));
  });

  it('has no start of an init that was killed before', async (test) => {
    const shim = await startShim(test);
    await shim.create('true');
    await kill(shim);
    assert.equal(await shim.wait(), 137);
    assert.equal(await shim.state(), 'STOPPED');
    assert.deepEqual(shim.events.lines, ['create box', 'exit box']);
    assert.equal(await codeOf(shim.start()), 'Unknown');
  });

  it('has no exit of an exec that could not be started, and one exit of each that was', async (test) => {
    const shim = await running(test);
    shim.runtime.gates.fail('exec', new RuntimeError('failed', 'no more processes'));
    await shim.exec('sh', 'true');
    await assert.rejects(shim.start('sh'), { code: 2, message: 'no more processes' });
    assert.equal(await shim.wait('sh'), 255);
    assert.deepEqual(shim.events.lines.slice(2), ['exec-added box/sh']);
    await shim.call(methods.Delete, exec);
    await shim.exec('sh', 'exit 1');
    await shim.start('sh');
    assert.equal(await shim.wait('sh'), 1);
  });

  it('tells of memory that ran out at once, or else before the exit', async (test) => {
    const shim = await running(test);
    shim.runtime.get('box').runOutOfMemory('at once');
    await shim.events.until('oom box');
    shim.runtime.get('box').runOutOfMemory('when asked');
    await kill(shim);
    await shim.wait();
    assert.deepEqual(shim.events.lines.slice(2), ['oom box', 'oom box', 'exit box']);
  });

  it('has the exit also when the runtime cannot tell why it came, or kill what is left', async (test) => {
    const shim = await running(test);
    const container = shim.runtime.get('box');
    container.outOfMemory = () => {
      throw new Error('memory.events: EIO');
    };
    shim.runtime.gates.fail('signalAll', new Error('cgroup.kill: EIO'));
    await kill(shim);
    assert.equal(await shim.wait(), 137);
    assert.deepEqual(shim.warnings, [
      'cannot kill what init left behind: cgroup.kill: EIO',
      'cannot tell whether memory ran out: memory.events: EIO',
    ]);
  });

  it('is that of pause and resume', async (test) => {
    const shim = await running(test);
    await shim.call(methods.Pause, box);
    await shim.call(methods.Resume, box);
    assert.deepEqual(shim.events.lines.slice(2), ['paused box', 'resumed box']);
  });
});

describe('Wait', { skip: notLinux, timeout: 60_000 }, () => {
  it('answers many that came before Start, and those that come after the end', async (test) => {
    const shim = await startShim(test);
    await shim.create('exit 9');
    const early = Array.from({ length: 200 }, () => shim.wait());
    await shim.start();
    assert.deepEqual(new Set(await Promise.all(early)), new Set([9]));
    assert.equal(await shim.wait(), 9);
    const [first, second] = await Promise.all([shim.call(methods.Wait, box), shim.call(methods.State, box)]);
    assert.deepEqual(first.exitedAt, second.exitedAt);
  });

  it('answers only when State says stopped, and the exit is on its way', async (test) => {
    const shim = await running(test, 'exit 2');
    await shim.wait();
    assert.ok(shim.events.lines.includes('exit box'));
    assert.equal(await shim.state(), 'STOPPED');
    assert.equal(await codeOf(shim.call(methods.Delete, box)), 'OK');
  });

  it('counts a signal as 128 and its number', async (test) => {
    const shim = await startShim(test);
    for (const [signal, status] of [
      [1, 129],
      [11, 139],
      [15, 143],
    ] as const) {
      await shim.create('exec sleep 1000');
      await shim.start();
      await kill(shim, { signal });
      assert.equal(await shim.wait(), status);
      await shim.call(methods.Delete, box);
    }
  });

  it('does not outlive an exec that was deleted before it was started', async (test) => {
    const shim = await running(test);
    await shim.exec('sh', 'true');
    const waiting = shim.wait('sh');
    await shim.call(methods.Delete, exec);
    assert.equal(await waiting, 0);
  });

  it('does not outlive an exec whose container was deleted', async (test) => {
    const shim = await running(test);
    await shim.exec('sh', 'true');
    const waiting = shim.wait('sh');
    await kill(shim);
    await shim.wait();
    await shim.call(methods.Delete, box);
    assert.equal(await waiting, 0);
    assert.equal(await codeOf(shim.state('sh')), 'NotFound');
  });
});

describe('calls at the same time', { skip: notLinux, timeout: 60_000 }, () => {
  it('of Delete: one deletes, the other finds nothing', async (test) => {
    const shim = await running(test, 'exit 0');
    await shim.wait();
    const held = shim.runtime.gates.hold('remove');
    const codes = Promise.all([1, 2, 3].map(() => codeOf(shim.call(methods.Delete, box))));
    await held.reached;
    held.release();
    assert.deepEqual((await codes).sort(), ['NotFound', 'NotFound', 'OK']);
    assert.equal(shim.events.lines.filter((line) => line === 'delete box').length, 1);
    assert.equal(shim.told.changed, 2);
  });

  it('of Delete of an exec: one deletes, the other finds nothing', async (test) => {
    const shim = await running(test);
    await shim.exec('sh', 'true');
    await shim.start('sh');
    await shim.wait('sh');
    const codes = await Promise.all([1, 2].map(() => codeOf(shim.call(methods.Delete, exec))));
    assert.deepEqual(codes.sort(), ['NotFound', 'OK']);
  });

  it('of Exec with one id: one gets it', async (test) => {
    const shim = await running(test);
    const codes = await Promise.all(Array.from({ length: 5 }, () => codeOf(shim.exec('sh', 'true'))));
    assert.deepEqual(codes.sort(), [
      'AlreadyExists',
      'AlreadyExists',
      'AlreadyExists',
      'AlreadyExists',
      'OK',
    ]);
    assert.equal(shim.events.lines.filter((line) => line === 'exec-added box/sh').length, 1);
  });

  it('of Start: one starts', async (test) => {
    const shim = await startShim(test);
    await shim.create('exec sleep 1000');
    assert.deepEqual(await codes(shim, () => shim.start()), ['OK', 'Unknown']);
    await shim.exec('sh', 'exec sleep 1000');
    assert.deepEqual(await codes(shim, () => shim.start('sh')), ['OK', 'Unknown']);
    assert.equal(shim.events.lines.filter((line) => line.includes('start')).length, 2);
  });

  it('of Delete while Kill is under way', async (test) => {
    const shim = await running(test);
    const held = shim.runtime.gates.hold('signalAll');
    const killing = kill(shim, { all: true });
    await held.reached;
    assert.equal(await codeOf(shim.call(methods.Delete, box)), 'Unknown');
    held.release();
    await killing;
    await shim.wait();
    assert.equal(await codeOf(shim.call(methods.Delete, box)), 'OK');
  });

  it('of Kill while Delete is under way', async (test) => {
    const shim = await running(test, 'exit 0');
    await shim.wait();
    const held = shim.runtime.gates.hold('remove');
    const deleting = shim.call(methods.Delete, box);
    await held.reached;
    assert.equal(await codeOf(kill(shim)), 'NotFound');
    assert.equal(await shim.state(), 'STOPPED');
    const starting = codeOf(shim.start());
    held.release();
    await deleting;
    assert.equal(await starting, 'NotFound');
  });

  it('of State, Pids, Connect, Wait and Kill do not wait for a Start', async (test) => {
    const shim = await startShim(test);
    await shim.create('true');
    const held = shim.runtime.gates.hold('start');
    const starting = shim.start();
    await held.reached;
    assert.equal(await shim.state(), 'CREATED');
    assert.equal((await shim.call(methods.Pids, box)).processes.length, 1);
    assert.ok((await shim.call(methods.Connect, box)).taskPid > 0);
    await kill(shim);
    held.release();
    await starting;
    assert.equal(await shim.wait(), 137);
  });

  it('of Delete of an exec while it is being started: it waits, and is refused', async (test) => {
    const shim = await running(test);
    await shim.exec('sh', 'exec sleep 1000');
    const held = shim.runtime.gates.hold('exec');
    const starting = shim.start('sh');
    await held.reached;
    const deleting = codeOf(shim.call(methods.Delete, exec));
    held.release();
    await starting;
    assert.equal(await deleting, 'Unknown');
    assert.equal(await shim.state('sh'), 'RUNNING');
  });

  it('of Kill of an exec while it is being started: it waits', async (test) => {
    const shim = await running(test);
    await shim.exec('sh', 'exec sleep 1000');
    const held = shim.runtime.gates.hold('exec');
    const starting = shim.start('sh');
    await held.reached;
    const killing = kill(shim, { execId: 'sh' });
    held.release();
    await Promise.all([starting, killing]);
    assert.equal(await shim.wait('sh'), 137);
  });

  it('of Kill of an exec whose start fails: it finds nothing', async (test) => {
    const shim = await running(test);
    await shim.exec('sh', 'true');
    const held = shim.runtime.gates.hold('exec');
    const starting = codeOf(shim.start('sh'));
    await held.reached;
    const killing = codeOf(kill(shim, { execId: 'sh' }));
    held.fail(new Error('no'));
    assert.deepEqual(await Promise.all([starting, killing]), ['Unknown', 'NotFound']);
  });

  it('of Exec and Start of an exec after init is gone: both are refused', async (test) => {
    const shim = await running(test);
    await shim.exec('late', 'true');
    const held = shim.runtime.gates.hold('signalAll');
    await kill(shim);
    await held.reached;
    assert.equal(await shim.state(), 'RUNNING', 'its exit is still being worked on');
    assert.equal(await codeOf(shim.start('late')), 'FailedPrecondition');
    assert.equal(await codeOf(shim.exec('later', 'true')), 'FailedPrecondition');
    assert.equal(await codeOf(kill(shim)), 'NotFound');
    held.release();
    await shim.wait();
  });
});

async function codes(shim: Shim, start: () => Promise<unknown>): Promise<string[]> {
  const answers = await Promise.all([codeOf(start()), codeOf(start())]);
  assert.equal(await shim.state(), 'RUNNING');
  return answers.sort();
}

describe('a pause', { skip: notLinux, timeout: 60_000 }, () => {
  it('is called pausing while it is made, and not at all when that fails', async (test) => {
    const shim = await running(test);
    const held = shim.runtime.gates.hold('pause');
    const pausing = shim.call(methods.Pause, box);
    await held.reached;
    assert.equal(await shim.state(), 'PAUSING');
    assert.equal(await codeOf(shim.exec('sh', 'true')), 'FailedPrecondition');
    held.fail(new Error('freezer: EBUSY'));
    await assert.rejects(pausing, { code: 2, message: 'freezer: EBUSY' });
    assert.equal(await shim.state(), 'RUNNING');
    assert.deepEqual(shim.events.lines.slice(2), []);
  });

  it('stays when it cannot be ended', async (test) => {
    const shim = await running(test);
    await shim.call(methods.Pause, box);
    shim.runtime.gates.fail('resume', new Error('freezer: EBUSY'));
    assert.equal(await codeOf(shim.call(methods.Resume, box)), 'Unknown');
    assert.equal(await shim.state(), 'PAUSED');
    await shim.call(methods.Resume, box);
    assert.equal(await shim.state(), 'RUNNING');
  });

  it('ends with any number of SIGKILLs', async (test) => {
    const shim = await running(test);
    await shim.call(methods.Pause, box);
    const held = shim.runtime.gates.hold('resume');
    const kills = [1, 2, 3].map(() => codeOf(kill(shim)));
    await held.reached;
    held.release();
    const answers = await Promise.all(kills);
    assert.ok(answers.includes('OK'));
    assert.ok(
      answers.every((code) => code === 'OK' || code === 'NotFound'),
      answers.join(),
    );
    assert.equal(await shim.wait(), 137);
  });

  it('is ended for a SIGKILL that came while it was made', async (test) => {
    const shim = await running(test, "trap '' HUP; while :; do sleep 1000; done");
    const container = shim.runtime.get('box');
    // A freezer of version 1 lets nobody die: the signal takes effect when the processes are thawed.
    const signal = container.init.signal.bind(container.init);
    const pending: number[] = [];
    container.init.signal = (number) => pending.push(number);
    container.resume = () => {
      for (const number of pending) signal(number);
      return Promise.resolve();
    };
    const held = shim.runtime.gates.hold('pause');
    const pausing = codeOf(shim.call(methods.Pause, box));
    await held.reached;
    const killing = codeOf(kill(shim));
    held.release();
    assert.equal(await pausing, 'OK');
    assert.equal(await killing, 'OK');
    assert.equal(await shim.wait(), 137);
  });

  it('of a container that ends meanwhile did not happen', async (test) => {
    const shim = await running(test);
    const held = shim.runtime.gates.hold('pause');
    const pausing = codeOf(shim.call(methods.Pause, box));
    await held.reached;
    await kill(shim, { signal: 15 });
    await shim.wait();
    held.release();
    assert.equal(await pausing, 'FailedPrecondition');
    assert.equal(await shim.state(), 'STOPPED');
    assert.deepEqual(shim.events.lines.slice(2), ['exit box']);
    assert.equal(await codeOf(shim.call(methods.Resume, box)), 'FailedPrecondition');
  });

  it('lets an exec be killed', async (test) => {
    const shim = await running(test);
    await shim.exec('sh', 'exec sleep 1000');
    await shim.start('sh');
    await shim.call(methods.Pause, box);
    await kill(shim, { execId: 'sh' });
    assert.equal(await shim.wait('sh'), 137);
    assert.equal(await shim.state(), 'PAUSED');
  });
});

describe('Delete', { skip: notLinux, timeout: 60_000 }, () => {
  it('that fails can be tried again', async (test) => {
    const shim = await running(test, 'exit 1');
    await shim.wait();
    shim.runtime.gates.fail('remove', new RuntimeError('failed', 'rootfs: EBUSY'));
    await assert.rejects(shim.call(methods.Delete, box), { code: 2, message: 'rootfs: EBUSY' });
    assert.equal(await shim.state(), 'STOPPED');
    assert.deepEqual(shim.events.lines.slice(-1), ['exit box']);
    assert.equal((await shim.call(methods.Delete, box)).exitStatus, 1);
    assert.deepEqual(shim.events.lines.slice(-2), ['exit box', 'delete box']);
  });

  it('that cannot strike the container out of the records can be tried again', async (test) => {
    let failures = 1;
    const shim = await startShim(test, {
      host: (host) => ({
        ...host,
        records: {
          ...host.records,
          remove: (key) => {
            if (failures-- > 0) throw new Error('database or disk is full');
            host.records.remove(key);
          },
        },
      }),
    });
    await shim.create('true');
    const { calls } = shim.runtime.get('box');
    assert.equal(await codeOf(shim.call(methods.Delete, box)), 'Unknown');
    assert.equal(await shim.state(), 'STOPPED');
    assert.equal(shim.store.list().length, 1);
    assert.equal(await codeOf(shim.call(methods.Delete, box)), 'OK');
    assert.equal(calls.remove, 1, 'nothing is called after remove');
    assert.deepEqual(shim.store.list(), []);
    assert.deepEqual(shim.events.lines, ['create box', 'exit box', 'delete box']);
  });

  it('of a created container whose init has just died is no error', async (test) => {
    const shim = await startShim(test);
    await shim.create('true');
    const { init } = shim.runtime.get('box');
    const signal = init.signal.bind(init);
    init.signal = (number) => {
      signal(number);
      throw new RuntimeError('not-found', 'process already finished');
    };
    assert.equal((await shim.call(methods.Delete, box)).exitStatus, 137);
  });

  it('of a container takes its execs along', async (test) => {
    const shim = await running(test);
    await shim.exec('a', 'exit 1');
    await shim.start('a');
    await shim.exec('b', 'true');
    await kill(shim);
    await shim.wait();
    await shim.call(methods.Delete, box);
    await shim.create('true');
    assert.equal(await codeOf(shim.state('a')), 'NotFound');
    assert.equal(await codeOf(shim.exec('b', 'true')), 'OK');
  });

  it('kills what init has left behind', async (test) => {
    const shim = await startShim(test, { endsWithInit: true });
    const stdout = makeFifo(join(shim.folder, 'stdout'));
    const reader = new Reader(test, stdout);
    await shim.create('sleep 1000 & exit 0', { stdout });
    await shim.start();
    await shim.wait();
    assert.equal((await shim.call(methods.Pids, box)).processes.length, 1);
    assert.equal(reader.isEnded, false);
    await shim.call(methods.Delete, box);
    assert.equal((await reader.toEnd()).length, 0, 'nobody holds the output open any more');
  });
});

describe('the end of init', { skip: notLinux, timeout: 60_000 }, () => {
  it('kills the others, when the kernel does not', async (test) => {
    const shim = await running(test, 'sleep 1000 & exit 0');
    await shim.wait();
    assert.deepEqual((await shim.call(methods.Pids, box)).processes, []);
  });

  it('leaves that to the kernel, when it does', async (test) => {
    const shim = await startShim(test, { endsWithInit: true });
    await shim.create('sleep 1000 & exit 0');
    await shim.start();
    await shim.wait();
    assert.equal((await shim.call(methods.Pids, box)).processes.length, 1);
  });
});

describe('Pids', { skip: notLinux, timeout: 60_000 }, () => {
  it('does not name an exec that has ended, whose pid may be another process by now', async (test) => {
    const shim = await running(test);
    const details = async () => {
      const { processes } = await shim.call(methods.Pids, box);
      return processes.map(({ info }) => info && unpack(ProcessDetails, info).execId);
    };
    await shim.exec('sh', 'exec sleep 1000');
    const pid = await shim.start('sh');
    assert.deepEqual(new Set(await details()), new Set([null, 'sh']));
    await kill(shim, { execId: 'sh' });
    await shim.wait('sh');
    shim.runtime.get('box').pids = () => Promise.resolve([pid]);
    assert.deepEqual(await details(), [null]);
  });
});
