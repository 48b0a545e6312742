import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { once } from 'node:events';
import { isType, OCI_LINUX_RESOURCES, OCI_PROCESS, packJson, unpack } from '../../src/proto/any.js';
import { Metrics as MetricsV1 } from '../../src/proto/generated/cgroups-v1.js';
import { Metrics as MetricsV2 } from '../../src/proto/generated/cgroups-v2.js';
import type { Any } from '../../src/proto/generated/messages.js';
import { TaskV2, TaskV3 } from '../../src/proto/generated/services.js';
import type { UnaryMethod } from '../../src/proto/service.js';
import { encodeRequestHead, decodeResponse } from '../../src/ttrpc/envelope.js';
import { FrameType, HEADER_LENGTH, writeHeader } from '../../src/ttrpc/frame.js';
import { MESSAGE_LENGTH_MAX } from '../../src/ttrpc/limits.js';
import { Code } from '../../src/ttrpc/status.js';
import { cannotLimitMemory } from './harness/memory.js';
import { refused, withRawShim } from './harness/raw-fixture.js';
import type { RawShim } from './harness/raw-shim.js';
import { rawProcess } from './harness/raw-spec.js';

const scenario = withRawShim();
const { methods } = TaskV2;
const { AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, Unimplemented, Unknown } = Code;
const long = 'x'.repeat(100_000);
const id = 'one';

/** A method that is sent bytes as they are. */
function rawMethod(name: string): UnaryMethod<Uint8Array, Uint8Array> {
  const bytes = { encode: (value: Uint8Array) => value, decode: (value: Uint8Array) => value };
  return { kind: 'unary', name, request: bytes, response: bytes };
}

const processOf = (...args: string[]): Any => packJson(OCI_PROCESS, rawProcess(args));
const json = (typeUrl: string, text: string): Any => ({ typeUrl, value: Buffer.from(text) });

// --- whom a call is for

const forOne = Object.values(methods).filter(({ name }) => !['Create', 'Shutdown'].includes(name));
for (const method of forOne as UnaryMethod<{ id: string }, unknown>[]) {
  scenario(`calls: ${method.name} of a container that is unknown`, async (shim) => {
    await refused(shim.call(method, { id: 'none' }), NotFound, /^container none not created$/);
    await refused(shim.call(method, {}), NotFound, /^container {2}not created$/);
    await refused(shim.call(method, { id: '../witness' }), NotFound, /^container \.\.\/witness not/);
    await refused(
      shim.call(method, { id: 'a\n\u001b[2J\0' }),
      NotFound,
      /a(\\x0a|; )\\x1b\[2J\\x00 not created/,
    );
    await refused(
      shim.call(method, { id: long }),
      NotFound,
      /^container x+… \(\d+ characters\) …x+ not created$/,
    );
  });
}

const ofExecs = ['State', 'Start', 'Delete', 'Kill', 'ResizePty', 'CloseIO', 'Wait'] as const;
for (const name of ofExecs) {
  scenario(`calls: ${name} of an exec that is unknown`, async (shim) => {
    const method = methods[name] as UnaryMethod<{ id: string; execId: string }, unknown>;
    const call = (execId: string) => shim.call(method, { id: 'witness', execId });
    await refused(call('none'), NotFound, /^exec none of container witness not found$/);
    await refused(call('a\u001b[2J'), NotFound, /^exec a\\x1b\[2J of container witness not found$/);
    await refused(call(long), NotFound, /^exec x+… .*…x+ of container witness not found$/);
  });
}

scenario('calls: an id of another namespace is unknown in this one', async (shim) => {
  const metadata = new Map([['containerd-namespace-ttrpc', ['elsewhere']]]);
  const request = { id: 'witness', execId: '' };
  const { pid } = await shim.client.call(TaskV2.name, methods.State, request, { metadata });
  // The socket says which namespace is meant; what a caller claims besides changes nothing.
  assert.equal(pid, (await shim.call(methods.State, { id: 'witness' })).pid);
});

// --- when

scenario('calls: what a created container is not ready for', async (shim) => {
  await shim.create(id, ['sleep', '1000']);
  await refused(shim.call(methods.Pause, { id }), FailedPrecondition, /container one is created/);
  await refused(shim.call(methods.Resume, { id }), FailedPrecondition, /container one is created/);
  await refused(shim.call(methods.Checkpoint, { id }), Unimplemented, /^checkpoint one: .* not supported/);
  await refused(shim.call(methods.Kill, { id, signal: 0 }), InvalidArgument, /^signal 0 does not exist$/);
  await shim.exec(id, 'e', { spec: processOf('true') });
  await refused(shim.start(id, 'e'), FailedPrecondition, /init process of container one is not running/);
  await shim.call(methods.Delete, { id, execId: 'e' });
  await shim.remove(id);
});

scenario('calls: what a running container is in the way of', async (shim) => {
  await shim.run(id);
  await refused(shim.start(id), Unknown, /container one is running, it was started before/);
  await refused(
    shim.call(methods.Delete, { id }),
    Unknown,
    /cannot delete a running process \(container one\)/,
  );
  await refused(shim.call(methods.Resume, { id }), FailedPrecondition, /container one is running/);
  await shim.exec(id, 'e', { spec: processOf('sleep', '1000') });
  const again = shim.exec(id, 'e', { spec: processOf('true') });
  await refused(again, AlreadyExists, /^exec e of container one already exists$/);
  await refused(
    shim.call(methods.Kill, { id, execId: 'e', signal: 9 }),
    FailedPrecondition,
    /is not started$/,
  );
  await shim.start(id, 'e');
  await refused(shim.start(id, 'e'), Unknown, /was started before/);
  await refused(shim.call(methods.Delete, { id, execId: 'e' }), Unknown, /cannot delete a running process/);
  await shim.call(methods.Kill, { id, execId: 'e', signal: 9 });
  assert.equal((await shim.call(methods.Wait, { id, execId: 'e' })).exitStatus, 137);
  await refused(shim.call(methods.Kill, { id, execId: 'e', signal: 9 }), NotFound, /already finished/);
  await refused(
    shim.call(methods.ResizePty, { id, execId: 'e', width: 1, height: 1 }),
    FailedPrecondition,
    /stopped/,
  );
  await shim.call(methods.Delete, { id, execId: 'e' });
  await shim.remove(id);
});

scenario('calls: what a paused container does not take', async (shim) => {
  await shim.run(id);
  await shim.exec(id, 'early', { spec: processOf('true') });
  await shim.call(methods.Pause, { id });
  await refused(shim.call(methods.Pause, { id }), FailedPrecondition, /container one is paused/);
  const exec = shim.exec(id, 'e', { spec: processOf('true') });
  await refused(exec, FailedPrecondition, /container one is paused: nothing can be executed in it/);
  await refused(shim.start(id, 'early'), FailedPrecondition, /container one is paused/);
  await refused(shim.call(methods.Delete, { id }), Unknown, /cannot delete a running process/);
  await shim.call(methods.Resume, { id });
  await shim.remove(id);
});

scenario('calls: what a stopped container does no more', async (shim) => {
  await shim.run(id, ['true']);
  await shim.call(methods.Wait, { id });
  await refused(shim.start(id), Unknown, /container one is stopped, it was started before/);
  await refused(shim.call(methods.Kill, { id, signal: 9 }), NotFound, /already finished/);
  await refused(shim.call(methods.Kill, { id, signal: 9, all: true }), NotFound, /already finished/);
  await refused(shim.call(methods.Pause, { id }), FailedPrecondition, /container one is stopped/);
  await refused(shim.call(methods.Resume, { id }), FailedPrecondition, /container one is stopped/);
  const update = { id, resources: json(OCI_LINUX_RESOURCES, '{}') };
  await refused(shim.call(methods.Update, update), FailedPrecondition, /container one is stopped/);
  await refused(
    shim.exec(id, 'e', { spec: processOf('true') }),
    FailedPrecondition,
    /container one is stopped/,
  );
  await shim.call(methods.Delete, { id });
  await refused(shim.call(methods.Delete, { id }), NotFound, /^container one not created$/);
  shim.removeBundle(id);
});

// execve(2) fails in the container itself, when crun and runc have told already that all is well, or just before.
scenario('calls: a program in a format that is unknown ends with an error', async (shim) => {
  const ended = async (execId: string): Promise<void> => {
    await shim.call(methods.Start, { id, execId }).catch(() => undefined);
    assert.notEqual((await shim.call(methods.Wait, { id, execId })).exitStatus, 0);
    await shim.call(methods.Delete, { id, execId });
  };
  await shim.run(id);
  await shim.exec(id, 'e', { spec: processOf('/etc/not-a-program') });
  await ended('e');
  await shim.remove(id);
  await shim.create(id, ['/etc/not-a-program']);
  await ended('');
  shim.removeBundle(id);
});

// --- what they say

for (const signal of [0, 65, 128, 129, 1000, 2 ** 31, 2 ** 32 - 1]) {
  scenario(`calls: signal ${signal}`, async (shim) => {
    const names = new RegExp(`^signal ${signal} (does not exist|is none of)`);
    for (const all of [false, true]) {
      await refused(shim.call(methods.Kill, { id: 'witness', signal, all }), InvalidArgument, names);
    }
  });
}

const execs: [name: string, spec: Any | null, code: Code, names: RegExp][] = [
  ['without a spec', null, InvalidArgument, /^spec is missing$/],
  [
    'of another type',
    { typeUrl: 'a\u001b.b', value: Buffer.from('{}') },
    InvalidArgument,
    /got "a\\u001b\.b"$/,
  ],
  ['of a type of 100 kB', { typeUrl: long, value: Buffer.from('{}') }, InvalidArgument, /got "x+… .*…x+"$/],
  ['that is no JSON', json(OCI_PROCESS, '{"a'), InvalidArgument, /Process is not JSON/],
  [
    'that is no UTF-8',
    { typeUrl: OCI_PROCESS, value: Buffer.alloc(9, 0xff) },
    InvalidArgument,
    /is not JSON/,
  ],
  ['that is empty', json(OCI_PROCESS, ''), InvalidArgument, /Process is not JSON/],
  ['that is null', json(OCI_PROCESS, 'null'), InvalidArgument, /^spec of exec e is not a JSON object$/],
  ['that is a list', json(OCI_PROCESS, '[]'), InvalidArgument, /^spec of exec e is not a JSON object$/],
  ['nested deeply', json(OCI_PROCESS, '['.repeat(1e6) + ']'.repeat(1e6)), InvalidArgument, /spec of exec e/],
  ['without arguments', packJson(OCI_PROCESS, { cwd: '/' }), InvalidArgument, /^spec of exec e: args is not/],
  ['with a NUL', packJson(OCI_PROCESS, rawProcess(['\0'])), InvalidArgument, /^spec of exec e: args is not/],
  [
    'of no user',
    packJson(OCI_PROCESS, { ...rawProcess(['a']), user: { uid: 'x' } }),
    InvalidArgument,
    /^spec of exec e: user\.uid is /,
  ],
  ['in no directory', packJson(OCI_PROCESS, { args: ['a'] }), InvalidArgument, /^spec of exec e: cwd is not/],
];
for (const [name, spec, code, names] of execs) {
  scenario(`calls: an exec ${name}`, async (shim) => {
    await refused(shim.exec('witness', 'e', { spec }), code, names);
    await refused(shim.call(methods.State, { id: 'witness', execId: 'e' }), NotFound, /^exec e of/);
  });
}

for (const execId of ['', '.', '../e', 'a/b', 'a\nb', 'x'.repeat(300), '-e', 'é']) {
  scenario(`calls: an exec id ${JSON.stringify(execId.slice(0, 10))} of ${execId.length}`, async (shim) => {
    const spec = processOf('true');
    await refused(shim.exec('witness', execId, { spec }), InvalidArgument, /^exec id ".*" is not a valid id/);
  });
}

const starts: [name: string, change: Record<string, unknown>, names: RegExp][] = [
  ['a missing program', { args: ['/none'] }, /\/none.*no such file|no such file/i],
  ['a program that is not executable', { args: ['/etc/not-executable'] }, /permission denied/i],
  ['a program of 100 kB', { args: [long] }, /^OCI runtime exec failed: .*(name too long|x… )/i],
  ['control characters', { args: ['/none\u001b[2J\r'] }, /\/none\\/],
  ['a missing directory', { cwd: '/none' }, /\/none|no such file/],
];
for (const [name, change, names] of starts) {
  scenario(`calls: Start of an exec: ${name}`, async (shim) => {
    const spec = packJson(OCI_PROCESS, { ...rawProcess(['true']), ...change });
    await shim.exec('witness', 'e', { spec });
    await refused(shim.start('witness', 'e'), Unknown, names);
    assert.notEqual((await shim.call(methods.Wait, { id: 'witness', execId: 'e' })).exitStatus, 0);
    await shim.call(methods.Delete, { id: 'witness', execId: 'e' });
  });
}

scenario('calls: an exec whose spec is nested deeply', async (shim) => {
  const members = JSON.stringify(rawProcess(['true'])).slice(1);
  const deep = '['.repeat(1e6) + ']'.repeat(1e6);
  const spec = json(OCI_PROCESS, `{"deep":${deep},${members}`);
  await refused(shim.exec('witness', 'e', { spec }), InvalidArgument, /^spec of exec e/);
});

const updates: [name: string, resources: Any | null, code: Code, names: RegExp][] = [
  ['nothing', null, InvalidArgument, /^resources is missing$/],
  ['another type', json('a.b', '{}'), InvalidArgument, /LinuxResources, got "a\.b"$/],
  ['no JSON', json(OCI_LINUX_RESOURCES, '{'), InvalidArgument, /LinuxResources is not JSON/],
  ['a list', json(OCI_LINUX_RESOURCES, '[1]'), InvalidArgument, /^resources is not a JSON object$/],
  [
    'deep nesting',
    json(OCI_LINUX_RESOURCES, `{"a":${'['.repeat(1e6) + ']'.repeat(1e6)}}`),
    InvalidArgument,
    /^resources/,
  ],
];
for (const [name, resources, code, names] of updates) {
  scenario(`calls: Update with ${name}`, (shim) =>
    refused(shim.call(methods.Update, { id: 'witness', resources }), code, names),
  );
}

scenario(
  'calls: Update changes the memory limit, as Stats tells',
  async (shim) => {
    await shim.run(id);
    for (const limit of [64 << 20, 48 << 20]) {
      const resources = packJson(OCI_LINUX_RESOURCES, { memory: { limit } });
      await shim.call(methods.Update, { id, resources });
      assert.equal(await memoryLimit(shim), limit);
    }
    await shim.remove(id);
  },
  cannotLimitMemory(),
);

async function memoryLimit(shim: RawShim): Promise<number> {
  const { stats } = await shim.call(methods.Stats, { id });
  assert.ok(stats);
  const limit = isType(MetricsV1, stats)
    ? unpack(MetricsV1, stats).memory?.usage?.limit
    : unpack(MetricsV2, stats).memory?.usageLimit;
  return Number(limit);
}

scenario('calls: a terminal larger than any', async (shim) => {
  for (const [width, height] of [
    [65_536, 1],
    [1, 2 ** 32 - 1],
  ] as const) {
    const names = new RegExp(`^a terminal of ${width} by ${height} characters$`);
    await refused(shim.call(methods.ResizePty, { id: 'witness', width, height }), InvalidArgument, names);
  }
  await shim.call(methods.ResizePty, { id: 'witness', width: 80, height: 25 });
});

// --- how

for (const { name: service } of [TaskV2, TaskV3]) {
  scenario(`calls: ${service}: unknown methods, and payloads that are garbage`, async (shim) => {
    const call = (name: string, bytes: Uint8Array) => shim.client.call(service, rawMethod(name), bytes);
    await refused(call('Nope', Buffer.alloc(0)), Unimplemented, /^method Nope$/);
    await refused(call('constructor', Buffer.alloc(0)), Unimplemented, /^method constructor$/);
    await refused(call('state', Buffer.alloc(0)), Unimplemented, /^method state$/);
    await refused(call('a\n\u001b[2J', Buffer.alloc(0)), Unimplemented, /^method "a\\n\\u001b\[2J"$/);
    await refused(call(long, Buffer.alloc(0)), Unimplemented, /^method x{200}… \(100000 characters\)$/);
    for (const { name } of Object.values(methods).filter(({ name }) => name !== 'Shutdown')) {
      await refused(call(name, Buffer.alloc(100, 0xff)), Code.Internal, new RegExp(name));
    }
  });
}

scenario('calls: unknown services', async (shim) => {
  const call = (name: string) => shim.client.call(name, rawMethod('State'), Buffer.alloc(0));
  await refused(
    call('containerd.runtime.sandbox.v1.Sandbox'),
    Unimplemented,
    /^service containerd\.runtime\.sandbox/,
  );
  await refused(call(''), Unimplemented, /^service $/);
  await refused(call('\u202e\u0007'), Unimplemented, /^service "\\u202e\\u0007"$/);
  await refused(call(long), Unimplemented, /^service x{200}… \(100000 characters\)$/);
});

scenario('calls: a frame that is too large is skipped, and the next one answered', async (shim) => {
  const socket = connect(shim.socket);
  await once(socket, 'connect');
  const size = MESSAGE_LENGTH_MAX + 1;
  socket.write(header(size, 1));
  socket.write(Buffer.alloc(size, 0xff));
  socket.write(request(3));
  const [first, second] = [await readResponse(socket), await readResponse(socket)];
  socket.destroy();
  assert.equal(first.id, 1);
  await refused(Promise.reject(first.error ?? new Error('OK')), Code.ResourceExhausted, /4194305 bytes/);
  assert.equal(second.id, 3);
  await refused(Promise.reject(second.error ?? new Error('OK')), NotFound, /^container none not created$/);
});

scenario('calls: bytes that are no protocol at all harm only their own connection', async (shim) => {
  for (const text of ['GET / HTTP/1.1\r\nHost: shim\r\n\r\n', '\0'.repeat(1000), '\xff'.repeat(5000)]) {
    const socket = connect(shim.socket);
    await once(socket, 'connect');
    socket.on('error', () => undefined);
    socket.end(Buffer.from(text, 'latin1'));
    socket.resume();
    await once(socket, 'close');
  }
});

function header(length: number, streamId: number): Buffer {
  const bytes = Buffer.alloc(HEADER_LENGTH);
  writeHeader(bytes, length, streamId, FrameType.Request, 0);
  return bytes;
}

/** A request for the state of a container that is not there. */
function request(streamId: number): Buffer {
  const payload = methods.State.request.encode({ id: 'none', execId: '' });
  const envelope = { service: TaskV2.name, method: 'State', timeoutNano: 0, metadata: new Map() };
  const head = encodeRequestHead(envelope, payload.length);
  return Buffer.concat([header(head.length + payload.length, streamId), head, payload]);
}

/** The next response, which is read whole from a socket in paused mode. */
async function readResponse(
  socket: ReturnType<typeof connect>,
): Promise<{ id: number; error: Error | undefined }> {
  const head = await readExactly(socket, HEADER_LENGTH);
  const data = await readExactly(socket, head.readUInt32BE(0));
  return { id: head.readUInt32BE(4), error: decodeResponse(data).error };
}

async function readExactly(socket: ReturnType<typeof connect>, length: number): Promise<Buffer> {
  for (;;) {
    const bytes = socket.read(length) as Buffer | null;
    if (bytes !== null) return bytes;
    await once(socket, 'readable');
  }
}
