import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { isType, OCI_LINUX_RESOURCES, packJson, unpack } from '../../src/proto/any.js';
import { Metrics } from '../../src/proto/generated/cgroups-v2.js';
import { TaskV2 } from '../../src/proto/generated/services.js';
import { NOT_YET } from '../../src/proto/timestamp.js';
import { notLinux } from '../kernel/kernels.js';
import { codeOf, processOf, type Shim, startShim } from './shim.js';

const methods = TaskV2.methods;
const box = { id: 'box' };
const resources = packJson(OCI_LINUX_RESOURCES, { pids: { limit: 7 } });

/** Ways to bring the container `box` into a state. */
const initStates = {
  unknown: () => Promise.resolve(),
  created: (shim) => shim.create('sleep 1000'),
  running: async (shim) => {
    await shim.create('sleep 1000');
    await shim.start();
  },
  paused: async (shim) => {
    await initStates.running(shim);
    await shim.call(methods.Pause, box);
  },
  stopped: async (shim) => {
    await shim.create('exit 3');
    await shim.start();
    assert.equal(await shim.wait(), 3);
  },
  deleted: async (shim) => {
    await initStates.stopped(shim);
    await shim.call(methods.Delete, box);
  },
} satisfies Record<string, (shim: Shim) => Promise<unknown>>;

type InitState = keyof typeof initStates;

/** What each method does to the container `box`. */
const initCalls: Record<string, (shim: Shim) => Promise<unknown>> = {
  State: (shim) => shim.call(methods.State, box),
  Create: (shim) => shim.create('sleep 1000'),
  Start: (shim) => shim.call(methods.Start, box),
  Delete: (shim) => shim.call(methods.Delete, box),
  Pids: (shim) => shim.call(methods.Pids, box),
  Pause: (shim) => shim.call(methods.Pause, box),
  Resume: (shim) => shim.call(methods.Resume, box),
  Checkpoint: (shim) => shim.call(methods.Checkpoint, { ...box, path: '/checkpoint' }),
  'Kill 15': (shim) => shim.call(methods.Kill, { ...box, signal: 15 }),
  'Kill 9': (shim) => shim.call(methods.Kill, { ...box, signal: 9 }),
  'Kill 9 all': (shim) => shim.call(methods.Kill, { ...box, signal: 9, all: true }),
  'Kill 0': (shim) => shim.call(methods.Kill, { ...box, signal: 0 }),
  'Kill 0 all': (shim) => shim.call(methods.Kill, { ...box, signal: 0, all: true }),
  'Kill 65 all': (shim) => shim.call(methods.Kill, { ...box, signal: 65, all: true }),
  'Kill 2^32-1': (shim) => shim.call(methods.Kill, { ...box, signal: 2 ** 32 - 1 }),
  Exec: (shim) => shim.exec('new', 'true'),
  ResizePty: (shim) => shim.call(methods.ResizePty, { ...box, width: 80, height: 24 }),
  CloseIO: (shim) => shim.call(methods.CloseIO, { ...box, stdin: true }),
  Update: (shim) => shim.call(methods.Update, { ...box, resources }),
  Wait: (shim) => shim.call(methods.Wait, box),
  Stats: (shim) => shim.call(methods.Stats, box),
  Connect: (shim) => shim.call(methods.Connect, box),
  Shutdown: (shim) => shim.call(methods.Shutdown, box),
};

/** The code that a call gets in each state; `…` if it is not answered before the state changes. */
const initTable: Record<string, Record<InitState, string>> = {
  State: row('NotFound', 'OK', 'OK', 'OK', 'OK', 'NotFound'),
  Create: row('OK', 'AlreadyExists', 'AlreadyExists', 'AlreadyExists', 'AlreadyExists', 'OK'),
  Start: row('NotFound', 'OK', 'Unknown', 'Unknown', 'Unknown', 'NotFound'),
  Delete: row('NotFound', 'OK', 'Unknown', 'Unknown', 'OK', 'NotFound'),
  Pids: row('NotFound', 'OK', 'OK', 'OK', 'OK', 'NotFound'),
  Pause: row('NotFound', 'FailedPrecondition', 'OK', 'FailedPrecondition', 'FailedPrecondition', 'NotFound'),
  Resume: row('NotFound', 'FailedPrecondition', 'FailedPrecondition', 'OK', 'FailedPrecondition', 'NotFound'),
  Checkpoint: row('NotFound', 'Unimplemented', 'Unimplemented', 'Unimplemented', 'Unimplemented', 'NotFound'),
  'Kill 15': row('NotFound', 'OK', 'OK', 'OK', 'NotFound', 'NotFound'),
  'Kill 9': row('NotFound', 'OK', 'OK', 'OK', 'NotFound', 'NotFound'),
  'Kill 9 all': row('NotFound', 'OK', 'OK', 'OK', 'NotFound', 'NotFound'),
  'Kill 0': row('NotFound', 'InvalidArgument', 'InvalidArgument', 'InvalidArgument', 'NotFound', 'NotFound'),
  'Kill 0 all': row(
    'NotFound',
    'InvalidArgument',
    'InvalidArgument',
    'InvalidArgument',
    'NotFound',
    'NotFound',
  ),
  'Kill 65 all': row(
    'NotFound',
    'InvalidArgument',
    'InvalidArgument',
    'InvalidArgument',
    'NotFound',
    'NotFound',
  ),
  'Kill 2^32-1': row(
    'NotFound',
    'InvalidArgument',
    'InvalidArgument',
    'InvalidArgument',
    'NotFound',
    'NotFound',
  ),
  Exec: row('NotFound', 'OK', 'OK', 'FailedPrecondition', 'FailedPrecondition', 'NotFound'),
  ResizePty: row('NotFound', 'OK', 'OK', 'OK', 'FailedPrecondition', 'NotFound'),
  CloseIO: row('NotFound', 'OK', 'OK', 'OK', 'OK', 'NotFound'),
  Update: row('NotFound', 'OK', 'OK', 'OK', 'FailedPrecondition', 'NotFound'),
  Wait: row('NotFound', '…', '…', '…', 'OK', 'NotFound'),
  Stats: row('NotFound', 'OK', 'OK', 'OK', 'NotFound', 'NotFound'),
  Connect: row('OK', 'OK', 'OK', 'OK', 'OK', 'OK'),
  Shutdown: row('OK', 'OK', 'OK', 'OK', 'OK', 'OK'),
};

function row(...codes: [string, string, string, string, string, string]): Record<InitState, string> {
  const [unknown, created, running, paused, stopped, deleted] = codes;
  return { unknown, created, running, paused, stopped, deleted };
}

/** Ways to bring an exec `sh` of the container `box` into a state. */
const execStates = {
  unknown: initStates.running,
  created: async (shim) => {
    await initStates.running(shim);
    await shim.exec('sh', 'exec sleep 1000');
  },
  running: async (shim) => {
    await execStates.created(shim);
    await shim.start('sh');
  },
  paused: async (shim) => {
    await execStates.running(shim);
    await shim.call(methods.Pause, box);
  },
  stopped: async (shim) => {
    await execStates.running(shim);
    await shim.call(methods.Kill, { ...box, execId: 'sh', signal: 15 });
    assert.equal(await shim.wait('sh'), 143);
  },
  deleted: async (shim) => {
    await execStates.stopped(shim);
    await shim.call(methods.Delete, { ...box, execId: 'sh' });
  },
  'failed to start': async (shim) => {
    await initStates.running(shim);
    await shim.exec('sh', '', { spec: processOf('/none') });
    await assert.rejects(shim.start('sh'), /executable file not found/);
  },
  'created before the container': async (shim) => {
    await initStates.created(shim);
    await shim.exec('sh', 'true');
  },
  'created, container paused': async (shim) => {
    await execStates.created(shim);
    await shim.call(methods.Pause, box);
  },
  'created, container stopped': async (shim) => {
    await execStates.created(shim);
    await shim.call(methods.Kill, { ...box, signal: 9 });
    await shim.wait();
  },
} satisfies Record<string, (shim: Shim) => Promise<unknown>>;

type ExecState = keyof typeof execStates;

const exec = { ...box, execId: 'sh' };

const execCalls: Record<string, (shim: Shim) => Promise<unknown>> = {
  State: (shim) => shim.call(methods.State, exec),
  Exec: (shim) => shim.exec('sh', 'true'),
  Start: (shim) => shim.call(methods.Start, exec),
  Delete: (shim) => shim.call(methods.Delete, exec),
  Kill: (shim) => shim.call(methods.Kill, { ...exec, signal: 15, all: true }),
  'Kill 0': (shim) => shim.call(methods.Kill, { ...exec, signal: 0 }),
  ResizePty: (shim) => shim.call(methods.ResizePty, { ...exec, width: 80, height: 24 }),
  CloseIO: (shim) => shim.call(methods.CloseIO, { ...exec, stdin: true }),
  'CloseIO of nothing': (shim) => shim.call(methods.CloseIO, exec),
  Wait: (shim) => shim.call(methods.Wait, exec),
};

const execTable: Record<string, Record<ExecState, string>> = {
  State: execRow({}),
  Exec: execRow({
    unknown: 'OK',
    created: 'AlreadyExists',
    running: 'AlreadyExists',
    paused: 'AlreadyExists',
    stopped: 'AlreadyExists',
    deleted: 'OK',
    'failed to start': 'AlreadyExists',
    'created before the container': 'AlreadyExists',
    'created, container paused': 'AlreadyExists',
    'created, container stopped': 'AlreadyExists',
  }),
  Start: execRow({
    running: 'Unknown',
    paused: 'Unknown',
    stopped: 'Unknown',
    'failed to start': 'Unknown',
    'created before the container': 'FailedPrecondition',
    'created, container paused': 'FailedPrecondition',
    'created, container stopped': 'FailedPrecondition',
  }),
  Delete: execRow({ running: 'Unknown', paused: 'Unknown' }),
  Kill: execRow({
    created: 'FailedPrecondition',
    stopped: 'NotFound',
    'failed to start': 'NotFound',
    'created before the container': 'FailedPrecondition',
    'created, container paused': 'FailedPrecondition',
    'created, container stopped': 'FailedPrecondition',
  }),
  'Kill 0': execRow({
    created: 'FailedPrecondition',
    running: 'InvalidArgument',
    paused: 'InvalidArgument',
    stopped: 'NotFound',
    'failed to start': 'NotFound',
    'created before the container': 'FailedPrecondition',
    'created, container paused': 'FailedPrecondition',
    'created, container stopped': 'FailedPrecondition',
  }),
  ResizePty: execRow({ stopped: 'FailedPrecondition', 'failed to start': 'FailedPrecondition' }),
  CloseIO: execRow({}),
  'CloseIO of nothing': execRow({}),
  Wait: execRow({
    created: '…',
    running: '…',
    paused: '…',
    'created before the container': '…',
    'created, container paused': '…',
    'created, container stopped': '…',
  }),
};

/** OK but where said otherwise, and NotFound where there is no exec. */
function execRow(codes: Partial<Record<ExecState, string>>): Record<ExecState, string> {
  const all = Object.keys(execStates).map((state) => [state, 'OK']);
  return { ...Object.fromEntries(all), unknown: 'NotFound', deleted: 'NotFound', ...codes } as Record<
    ExecState,
    string
  >;
}

/**
 * The code of the answer to a call, or `…` when a later call was answered before it: the server takes up requests
 * in their order, and State is answered at once.
 */
async function codeOrPending(shim: Shim, call: Promise<unknown>): Promise<string> {
  const later = shim.call(methods.Connect, box).then(() => '…');
  const answer = codeOf(call);
  return Promise.race([answer, later.then(() => settle(answer))]);
}

/** What the promise says, if it is settled by the time that everything now pending in the event loop was served. */
function settle(answer: Promise<string>): Promise<string> {
  return Promise.race([answer, new Promise<string>((resolve) => setImmediate(resolve, '…'))]);
}

describe(
  'the Task service, for each state of a container and method',
  { skip: notLinux, timeout: 120_000 },
  () => {
    for (const [state, prepare] of Object.entries(initStates)) {
      for (const [method, invoke] of Object.entries(initCalls)) {
        const expected = initTable[method]?.[state as InitState];
        it(`${state}: ${method} is answered ${expected ?? '?'}`, async (test) => {
          const shim = await startShim(test);
          await prepare(shim);
          const code =
            expected === '…' ? await codeOrPending(shim, invoke(shim)) : await codeOf(invoke(shim));
          assert.equal(code, expected);
        });
      }
    }
  },
);

describe(
  'the Task service, for each state of an exec and method',
  { skip: notLinux, timeout: 120_000 },
  () => {
    for (const [state, prepare] of Object.entries(execStates)) {
      for (const [method, invoke] of Object.entries(execCalls)) {
        const expected = execTable[method]?.[state as ExecState];
        it(`${state}: ${method} is answered ${expected ?? '?'}`, async (test) => {
          const shim = await startShim(test);
          await prepare(shim);
          const code =
            expected === '…' ? await codeOrPending(shim, invoke(shim)) : await codeOf(invoke(shim));
          assert.equal(code, expected);
        });
      }
    }
  },
);

async function initAndExecStates(shim: Shim): Promise<[string, string]> {
  return [await shim.state(), await shim.state('sh')];
}

async function prepared(test: TestContext, prepare: (shim: Shim) => Promise<unknown>): Promise<Shim> {
  const shim = await startShim(test);
  await prepare(shim);
  return shim;
}

describe('State', { skip: notLinux, timeout: 120_000 }, () => {
  const expected: [ExecState, string, string][] = [
    ['created before the container', 'CREATED', 'CREATED'],
    ['created', 'RUNNING', 'CREATED'],
    ['running', 'RUNNING', 'RUNNING'],
    ['paused', 'PAUSED', 'PAUSED'],
    ['created, container paused', 'PAUSED', 'CREATED'],
    ['stopped', 'RUNNING', 'STOPPED'],
    ['failed to start', 'RUNNING', 'STOPPED'],
    ['created, container stopped', 'STOPPED', 'CREATED'],
  ];
  for (const [state, init, process] of expected) {
    it(`of an exec that is ${state} is ${process}, of its init ${init}`, async (test) => {
      assert.deepEqual(await initAndExecStates(await prepared(test, execStates[state])), [init, process]);
    });
  }

  it('gives back the strings of Create, and the year 1 while the process has not ended', async (test) => {
    const shim = await startShim(test);
    const log = `file://${shim.folder}/a%20log`;
    const bundle = shim.bundle('sh', '-c', 'exit 5');
    const pid = await shim.create('', { bundle, stdout: log, stderr: 'as it was' });
    const common = { id: 'box', bundle, pid, stdin: '', stdout: log, stderr: 'as it was', terminal: false };
    assert.deepEqual(await shim.call(methods.State, box), {
      ...common,
      status: 1,
      exitStatus: 0,
      exitedAt: NOT_YET,
      execId: '',
    });
    const before = Math.floor(Date.now() / 1000);
    await shim.start();
    await shim.wait();
    const stopped = await shim.call(methods.State, box);
    const { exitedAt } = stopped;
    assert.deepEqual(stopped, { ...common, status: 3, exitStatus: 5, exitedAt, execId: '' });
    const after = Math.ceil(Date.now() / 1000);
    const seconds = Number(exitedAt?.seconds);
    assert.ok(before <= seconds && seconds <= after, `${before} <= ${seconds} <= ${after}`);
  });

  it('names an exec by its own id, with its own streams', async (test) => {
    const shim = await prepared(test, initStates.running);
    const log = `file://${shim.folder}/log`;
    await shim.exec('sh', 'exec sleep 1000', { stdout: log });
    const registered = await shim.call(methods.State, exec);
    assert.deepEqual(
      [registered.id, registered.execId, registered.pid, registered.stdout, registered.exitedAt],
      ['sh', 'sh', 0, log, NOT_YET],
    );
    const pid = await shim.start('sh');
    assert.equal((await shim.call(methods.State, exec)).pid, pid);
  });
});

describe('the answers of the Task service', { skip: notLinux, timeout: 120_000 }, () => {
  it('are the same under version 3', async (test) => {
    const shim = await startShim(test);
    const v3 = { version: 3 } as const;
    const { pid } = await shim.call(methods.Create, { ...box, bundle: shim.bundle('sleep', '9') }, v3);
    assert.equal((await shim.call(methods.State, box)).pid, pid);
    assert.equal((await shim.call(methods.Start, box, v3)).pid, pid);
    assert.equal(await codeOf(shim.call(methods.Checkpoint, box, v3)), 'Unimplemented');
  });

  it('to Pids tell which processes Exec has started, and only while they live', async (test) => {
    const shim = await prepared(test, execStates.running);
    const init = (await shim.call(methods.State, box)).pid;
    const { pid } = await shim.call(methods.State, exec);
    const { processes } = await shim.call(methods.Pids, box);
    const details = processes.map((process) => [process.pid, process.info?.typeUrl]);
    assert.ok(details.some(([one, type]) => one === init && type === undefined));
    assert.ok(details.some(([one, type]) => one === pid && type === 'containerd.runc.v1.ProcessDetails'));
  });

  it('to Pids are an empty list when init has ended', async (test) => {
    const shim = await prepared(test, initStates.stopped);
    assert.deepEqual(await shim.call(methods.Pids, box), { processes: [] });
  });

  it('to Connect tell the pids of shim and init, and 0 for what is unknown', async (test) => {
    const shim = await startShim(test);
    const connect = (id: string) => shim.call(methods.Connect, { id });
    assert.deepEqual(await connect('box'), { shimPid: process.pid, taskPid: 0, version: '' });
    const pid = await shim.create('true');
    assert.deepEqual(await connect('box'), { shimPid: process.pid, taskPid: pid, version: '' });
    assert.deepEqual(await connect('../*'), { shimPid: process.pid, taskPid: 0, version: '' });
  });

  it('to Stats are what the runtime measures, of a created container too', async (test) => {
    const shim = await prepared(test, initStates.created);
    const { stats } = await shim.call(methods.Stats, box);
    assert.ok(stats !== null && isType(Metrics, stats));
    assert.equal(unpack(Metrics, stats).pids?.current, 1);
  });

  it('to Delete are pid, status and time, of what never ran 0 and the year 1', async (test) => {
    const shim = await prepared(test, execStates.stopped);
    const { pid } = await shim.call(methods.State, exec);
    const answer = await shim.call(methods.Delete, exec);
    assert.deepEqual([answer.pid, answer.exitStatus], [pid, 143]);
    await shim.exec('never', 'true');
    const never = await shim.call(methods.Delete, { ...box, execId: 'never' });
    assert.deepEqual([never.pid, never.exitStatus], [0, 0]);
  });

  it('to Delete of a created container tell that it was killed', async (test) => {
    const shim = await startShim(test);
    const pid = await shim.create('true');
    const { pid: deleted, exitStatus } = await shim.call(methods.Delete, box);
    assert.deepEqual([deleted, exitStatus], [pid, 137]);
    assert.deepEqual(shim.events.lines, ['create box', 'exit box', 'delete box']);
  });

  it('to Shutdown come at once, and leave the rest to whoever ends the daemon', async (test) => {
    const shim = await prepared(test, initStates.running);
    assert.deepEqual(await shim.call(methods.Shutdown, { ...box, now: true }), {});
    assert.equal(shim.told.shutdown, 1);
    assert.equal(await shim.state(), 'RUNNING');
  });

  it('to Update hand the resources to the runtime', async (test) => {
    const shim = await prepared(test, initStates.running);
    await shim.call(methods.Update, { ...box, resources });
    assert.deepEqual(shim.runtime.get('box').updates, [{ pids: { limit: 7 } }]);
  });
});

describe('what the Task service refuses', { skip: notLinux, timeout: 120_000 }, () => {
  const running: [string, (shim: Shim) => Promise<unknown>, RegExp][] = [
    ['Update without resources', (shim) => shim.call(methods.Update, box), /resources is missing/],
    [
      'Update with another type',
      (shim) => shim.call(methods.Update, { ...box, resources: processOf('x') }),
      /LinuxResources, got/,
    ],
    [
      'Update with a list',
      (shim) => shim.call(methods.Update, { ...box, resources: packJson(OCI_LINUX_RESOURCES, []) }),
      /not a JSON object/,
    ],
    ['Exec without a spec', (shim) => shim.call(methods.Exec, exec), /spec is missing/],
    ['Exec without an id', (shim) => shim.exec('', 'true'), /exec id "" is not a valid identifier/],
    ['Exec with a path as id', (shim) => shim.exec('../x', 'true'), /exec id "..\/x" is not/],
    ['Exec of nothing', (shim) => shim.exec('e', '', { spec: processOf() }), /args is not a list/],
    ['Exec of a NUL', (shim) => shim.exec('e', '', { spec: processOf('a\0b') }), /without NUL/],
    [
      'Exec of no JSON',
      (shim) => shim.exec('e', '', { spec: { ...processOf('x'), value: Buffer.from('{') } }),
      /is not JSON/,
    ],
    [
      'Exec of no UTF-8',
      (shim) => shim.exec('e', '', { spec: { ...processOf('x'), value: Buffer.of(0x22, 0xff, 0x22) } }),
      /is not JSON/,
    ],
    [
      'a terminal of 65536 columns',
      (shim) => shim.call(methods.ResizePty, { ...box, width: 65536, height: 24 }),
      /65536 by 24/,
    ],
    [
      'a terminal of 65536 rows',
      (shim) => shim.call(methods.ResizePty, { ...box, width: 80, height: 65536 }),
      /80 by 65536/,
    ],
  ];
  for (const [what, call, message] of running) {
    it(`${what} is an invalid argument`, async (test) => {
      const shim = await prepared(test, initStates.running);
      const events = shim.events.lines.length;
      await assert.rejects(call(shim), { code: 3, message });
      assert.equal(shim.events.lines.length, events, 'nothing was announced');
    });
  }

  it('a create from a checkpoint is not implemented', async (test) => {
    const shim = await startShim(test);
    const create = shim.create('true', { checkpoint: '/x' });
    await assert.rejects(create, { code: 12, message: /checkpoint \/x/ });
    assert.deepEqual(shim.events.lines, []);
  });
});

describe('the namespace of a call', { skip: notLinux, timeout: 120_000 }, () => {
  const metadata = { namespace: undefined } as const;

  it('is that of the metadata, so that two namespaces may use one id', async (test) => {
    const shim = await startShim(test, metadata);
    const pids = [];
    for (const namespace of ['one', 'two']) {
      const bundle = shim.bundle('sleep', '1000');
      pids.push((await shim.call(methods.Create, { ...box, bundle }, { namespace })).pid);
    }
    const states = await Promise.all(
      ['one', 'two'].map((namespace) => shim.call(methods.State, box, { namespace })),
    );
    assert.deepEqual(
      states.map(({ pid }) => pid),
      pids,
    );
    assert.deepEqual(
      shim.events.all.map(({ namespace }) => namespace),
      ['one', 'two'],
    );
    await shim.call(methods.Delete, box, { namespace: 'one' });
    assert.equal(await codeOf(shim.call(methods.State, box, { namespace: 'one' })), 'NotFound');
    assert.equal(await codeOf(shim.call(methods.State, box, { namespace: 'two' })), 'OK');
  });

  it('that the service knows itself is the one that counts', async (test) => {
    const shim = await startShim(test, { namespace: 'own' });
    await shim.call(methods.Create, { ...box, bundle: shim.bundle('true') }, { namespace: 'other' });
    assert.deepEqual(
      shim.events.all.map(({ namespace }) => namespace),
      ['own'],
    );
  });

  it('may be left out where only one container has the id', async (test) => {
    const shim = await startShim(test, metadata);
    const create = (namespace: string) =>
      shim.call(methods.Create, { ...box, bundle: shim.bundle('true') }, { namespace });
    await create('one');
    assert.equal(await shim.state(), 'CREATED');
    await create('two');
    assert.equal(await codeOf(shim.state()), 'InvalidArgument');
  });

  it('is needed for Create, and for nothing else of what does not exist', async (test) => {
    const shim = await startShim(test, metadata);
    await assert.rejects(shim.create('true'), { code: 3, message: /containerd-namespace-ttrpc/ });
    assert.equal(await codeOf(shim.state()), 'NotFound');
    assert.equal(await codeOf(shim.call(methods.Delete, box)), 'NotFound');
    assert.equal((await shim.call(methods.Connect, box)).taskPid, 0);
  });

  for (const namespace of ['', '../x', 'a/b', 'a\0b', 'x'.repeat(129)]) {
    it(`${JSON.stringify(namespace.slice(0, 20))} cannot have containers`, async (test) => {
      const shim = await startShim(test, metadata);
      const bundle = shim.bundle('true');
      const create = shim.call(methods.Create, { ...box, bundle }, { namespace });
      await assert.rejects(create, { code: 3, message: /namespace/ });
      assert.deepEqual(shim.store.list(), []);
    });
  }
});
