import assert from 'node:assert/strict';
import { getEventListeners, setMaxListeners } from 'node:events';
import { suite, test } from 'node:test';
import { FrameType } from '../../src/ttrpc/frame.js';
import { createServer } from '../../src/ttrpc/server.js';
import { createService, implement } from '../../src/ttrpc/service.js';
import { Code, StatusError } from '../../src/ttrpc/status.js';
import { echo, held, request, SERVICE, setUp, unary } from './harness.js';
import { text } from './peers.js';

suite('handlers', () => {
  test('fail with their code, or Unknown, never OK', async (context) => {
    const failing = implement(unary('Fail'), (what) => {
      if (what === 'status') throw new StatusError(Code.NotFound, 'no such task');
      if (what === 'ok') throw new StatusError(Code.OK, 'not really');
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- a handler may do so
      if (what === 'string') throw 'just text';
      if (what === 'object') throw Object.create(null);
      throw new TypeError('plain');
    });
    const rejecting = implement(unary('Reject'), () => Promise.reject(new Error('later')));
    const { client } = await setUp(context, failing, rejecting);
    const fails = (what: string): Promise<string> => client.call(SERVICE, failing.method, what);
    await assert.rejects(fails('status'), { code: Code.NotFound, message: 'no such task' });
    await assert.rejects(fails('ok'), { code: Code.Unknown, message: 'not really' });
    await assert.rejects(fails('string'), { code: Code.Unknown, message: 'just text' });
    await assert.rejects(fails('object'), { code: Code.Unknown });
    await assert.rejects(fails('other'), { code: Code.Unknown, message: 'plain' });
    await assert.rejects(client.call(SERVICE, rejecting.method, ''), {
      code: Code.Unknown,
      message: 'later',
    });
  });

  test('that return nothing, or what cannot be encoded, fail', async (context) => {
    const nothing = implement(unary('Nothing'), () => undefined as unknown as string);
    const refusing = implement(
      {
        ...unary('Refuse'),
        response: {
          ...text,
          encode() {
            throw new Error('no bytes');
          },
        },
      },
      (value) => value,
    );
    const { client } = await setUp(context, nothing, refusing);
    await assert.rejects(client.call(SERVICE, nothing.method, ''), {
      code: Code.Unknown,
      message: /nothing/,
    });
    await assert.rejects(client.call(SERVICE, refusing.method, ''), {
      code: Code.Internal,
      message: /no bytes/,
    });
  });

  test('run at once: a waiting one delays no other', async (context) => {
    const { implementation, called, release } = held('Held');
    const { peer } = await setUp(context, implementation);
    peer.send(1, FrameType.Request, 0, request('Held', 'first'));
    peer.send(3, FrameType.Request, 0, request('Echo', 'second'));
    assert.deepEqual(await peer.nextResponse(), { streamId: 3, code: Code.OK, text: 'second' });
    await called(1);
    release();
    assert.deepEqual(await peer.nextResponse(), { streamId: 1, code: Code.OK, text: 'first' });
  });

  test('get the metadata, with lower-case names', async (context) => {
    const dump = implement(unary('Dump'), (_request, { metadata }) => JSON.stringify([...metadata]));
    const { client } = await setUp(context, dump);
    const metadata = new Map([
      ['containerd-namespace-ttrpc', ['default']],
      ['TraceParent', ['a', 'b']],
    ]);
    assert.equal(
      await client.call(SERVICE, dump.method, '', { metadata }),
      '[["containerd-namespace-ttrpc",["default"]],["traceparent",["a","b"]]]',
    );
    assert.equal(await client.call(SERVICE, dump.method, ''), '[]');
  });
});

test('services and methods have one name each', () => {
  const service = createService(SERVICE, [echo]);
  assert.throws(() => createServer([service, service]), /offered twice/);
  assert.throws(() => createService(SERVICE, [echo, echo]), /two methods Echo/);
});

test('100,000 calls with deadlines and signals leave nothing behind', async (context) => {
  const signalled = implement(unary('Signalled'), (value, { signal }) => (signal.aborted ? '' : value));
  const { client, server } = await setUp(context, signalled);
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  assert.equal(await client.call(SERVICE, echo.method, 'x'), 'x');
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  let calls = 0;
  const worker = async (): Promise<void> => {
    while (calls < 100_000) {
      calls += 1;
      const method = calls % 2 === 0 ? echo.method : signalled.method;
      assert.equal(await client.call(SERVICE, method, 'x', { timeoutMs: 3_600_000, signal }), 'x');
    }
  };
  await Promise.all(Array.from({ length: 100 }, worker));
  assert.equal(timers(), before);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
  assert.equal(client.pending, 0);
  await server.shutdown();
});
