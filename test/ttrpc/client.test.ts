import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { suite, test, type TestContext } from 'node:test';
import { ClientConnection } from '../../src/ttrpc/client-connection.js';
import { createClient, type Client } from '../../src/ttrpc/client.js';
import { encodeErrorResponse, encodeResponseHead } from '../../src/ttrpc/envelope.js';
import { Flag, FrameType } from '../../src/ttrpc/frame.js';
import { MESSAGE_LENGTH_MAX } from '../../src/ttrpc/limits.js';
import type { CallReceiver } from '../../src/ttrpc/open-call.js';
import type { Codec } from '../../src/ttrpc/service.js';
import { ClosedError, Code, StatusError } from '../../src/ttrpc/status.js';
import { collect, listen, RawPeer, socketPair, socketPath, text } from './peers.js';

const SERVICE = 'test.Service';
const unary = { kind: 'unary', name: 'Unary', request: text, response: text } as const;
const serverStreaming = { kind: 'server-streaming', name: 'Many', request: text, response: text } as const;
const clientStreaming = { kind: 'client-streaming', name: 'Join', request: text, response: text } as const;
const bidi = { kind: 'bidi-streaming', name: 'Chat', request: text, response: text } as const;

/** A client of ours, and the peer that it takes for its server. */
async function setUp(context: TestContext): Promise<{ client: Client; peer: RawPeer; logged: string[] }> {
  const [near, far] = await socketPair(context);
  const logged: string[] = [];
  const client = createClient(near, { log: (message) => logged.push(message) });
  return { client, peer: new RawPeer(far), logged };
}

function ok(payload: string): Buffer {
  return Buffer.concat([encodeResponseHead(Buffer.byteLength(payload)), Buffer.from(payload)]);
}

suite('a request', () => {
  test('has an odd id, greater than the one before, and flags 0', async (context) => {
    const { client, peer } = await setUp(context);
    const calls = ['a', 'b', 'c'].map((message) => client.call(SERVICE, unary, message));
    for (const [index, payload] of ['a', 'b', 'c'].entries()) {
      const { streamId, flags, service, method, ...sent } = await peer.nextRequest();
      assert.deepEqual([streamId, flags, service, method], [index * 2 + 1, 0, SERVICE, 'Unary']);
      assert.deepEqual([sent.payload.toString(), sent.timeoutNano, sent.metadata.size], [payload, 0, 0]);
    }
    // In any order.
    for (const streamId of [5, 1, 3]) peer.send(streamId, FrameType.Response, 0, ok(`to ${streamId}`));
    assert.deepEqual(await Promise.all(calls), ['to 1', 'to 3', 'to 5']);
  });

  test('carries timeout and metadata', async (context) => {
    const { client, peer } = await setUp(context);
    const metadata = new Map([['Containerd-Namespace-Ttrpc', ['k8s.io']]]);
    const calls = [
      client.call(SERVICE, unary, '', { timeoutMs: 1500, metadata }),
      client.call(SERVICE, unary, '', { timeoutMs: 0.000_000_1 }),
      client.call(SERVICE, unary, '', { timeoutMs: Infinity }),
      client.call(SERVICE, unary, '', { timeoutMs: 1e300 }),
    ];
    const settled = Promise.allSettled(calls);
    const first = await peer.nextRequest();
    assert.equal(first.timeoutNano, 1_500_000_000);
    assert.deepEqual([...first.metadata], [['containerd-namespace-ttrpc', ['k8s.io']]]);
    assert.equal((await peer.nextRequest()).timeoutNano, 1);
    assert.equal((await peer.nextRequest()).timeoutNano, 0);
    assert.equal((await peer.nextRequest()).timeoutNano, 0);
    client.close();
    await settled;
  });

  test('of a stream says who sends more; what is empty is no first message', async (context) => {
    const { client, peer } = await setUp(context);
    const settled = Promise.allSettled([
      collect(client.serverStream(SERVICE, serverStreaming, 'x')),
      client.clientStream(SERVICE, clientStreaming, ['', 'y']),
    ]);
    const many = await peer.nextRequest();
    assert.deepEqual([many.flags, many.payload.toString()], [Flag.RemoteClosed, 'x']);
    const joined = await peer.next();
    assert.deepEqual([joined?.type, joined?.flags], [FrameType.Request, Flag.RemoteOpen]);
    assert.deepEqual(joined?.data, Buffer.from(`\x0a\x0c${SERVICE}\x12\x04Join`));
    const empty = Buffer.alloc(0);
    assert.deepEqual(await peer.next(), { streamId: 3, type: FrameType.Data, flags: 0, data: empty });
    assert.deepEqual(await peer.next(), {
      streamId: 3,
      type: FrameType.Data,
      flags: 0,
      data: Buffer.from('y'),
    });
    const flags = Flag.RemoteClosed | Flag.NoData;
    assert.deepEqual(await peer.next(), { streamId: 3, type: FrameType.Data, flags, data: empty });
    client.close();
    await settled;
  });

  test('of more than 4 MiB fails here and uses no id', async (context) => {
    const { client, peer } = await setUp(context);
    const large = 'x'.repeat(MESSAGE_LENGTH_MAX);
    await assert.rejects(client.call(SERVICE, unary, large), { code: Code.ResourceExhausted });
    const streamed = client.clientStream(SERVICE, clientStreaming, [`${large}x`]);
    await assert.rejects(streamed, { code: Code.ResourceExhausted });
    assert.equal((await peer.nextRequest()).method, 'Join');
    const call = client.call(SERVICE, unary, 'fine');
    assert.equal((await peer.nextRequest()).streamId, 3);
    peer.send(3, FrameType.Response, 0, ok('too'));
    assert.equal(await call, 'too');
  });

  test('that cannot be encoded fails with what its codec throws', async (context) => {
    const { client } = await setUp(context);
    const refusing: Codec<string> = {
      ...text,
      encode() {
        throw new TypeError('not a message');
      },
    };
    await assert.rejects(client.call(SERVICE, { ...unary, request: refusing }, ''), {
      message: 'not a message',
    });
    const method = { ...clientStreaming, request: refusing };
    await assert.rejects(client.clientStream(SERVICE, method, ['']), { message: 'not a message' });
    assert.equal(client.pending, 0);
  });
});

suite('an answer', () => {
  test('is an error with its code and message', async (context) => {
    const { client, peer } = await setUp(context);
    const call = client.call(SERVICE, unary, '');
    peer.send(1, FrameType.Response, 0, encodeErrorResponse(Code.NotFound, 'no such task'));
    const error = await call.catch((thrown: unknown) => thrown);
    assert.ok(error instanceof StatusError);
    assert.deepEqual([error.code, error.message], [Code.NotFound, 'no such task']);
  });

  test('without a status is OK', async (context) => {
    const { client, peer } = await setUp(context);
    const call = client.call(SERVICE, unary, '');
    peer.send(1, FrameType.Response, 0, Buffer.from('\x12\x02ok'));
    assert.equal(await call, 'ok');
  });

  for (const [what, type, data] of [
    ['that is no Response', FrameType.Response, Buffer.from([0xff])],
    ['that is a data frame', FrameType.Data, Buffer.from('x')],
  ] as const) {
    test(`${what} fails its call with Internal`, async (context) => {
      const { client, peer } = await setUp(context);
      const call = client.call(SERVICE, unary, '');
      peer.send(1, type, 0, data);
      await assert.rejects(call, { code: Code.Internal });
      const joined = client.clientStream(SERVICE, clientStreaming, []);
      peer.send(3, type, 0, data);
      await assert.rejects(joined, { code: Code.Internal });
      assert.equal(client.pending, 0);
    });
  }

  test('that its codec refuses fails its call with Internal', async (context) => {
    const { client, peer } = await setUp(context);
    const refusing: Codec<string> = {
      ...text,
      decode() {
        throw new RangeError('index out of range');
      },
    };
    const error = { code: Code.Internal, message: 'undecodable payload: index out of range' };
    const call = client.call(SERVICE, { ...unary, response: refusing }, '');
    peer.send(1, FrameType.Response, 0, ok('x'));
    await assert.rejects(call, error);
    const stream = client.serverStream(SERVICE, { ...serverStreaming, response: refusing }, '');
    peer.send(3, FrameType.Data, 0, Buffer.from('x'));
    await assert.rejects(collect(stream), error);
    assert.equal(client.pending, 0);
  });

  test('of more than 4 MiB fails its call only', async (context) => {
    const { client, peer } = await setUp(context);
    const first = client.call(SERVICE, unary, '');
    const second = client.call(SERVICE, unary, '');
    peer.send(1, FrameType.Response, 0, Buffer.alloc(MESSAGE_LENGTH_MAX + 1));
    peer.send(3, FrameType.Response, 0, ok('fine'));
    await assert.rejects(first, { code: Code.ResourceExhausted });
    assert.equal(await second, 'fine');
  });

  test('for a stream that is not open, or of an unknown type, is dropped', async (context) => {
    const { client, peer, logged } = await setUp(context);
    const call = client.call(SERVICE, unary, '');
    peer.send(99, FrameType.Response, 0, ok('x'));
    peer.send(2, FrameType.Data, 0, Buffer.from('x'));
    peer.send(1, FrameType.Request, 0, Buffer.from('x'));
    peer.send(1, 200, 0, Buffer.from('x'));
    peer.send(99, FrameType.Response, 0, Buffer.alloc(MESSAGE_LENGTH_MAX + 1));
    peer.send(1, FrameType.Response, 0, ok('right'));
    assert.equal(await call, 'right');
    assert.equal(logged.length, 3);
    assert.match(logged[0] ?? '', /stream 99, which is not open/);
  });

  test('of a stream may be a response, and the last message may carry the close', async (context) => {
    const { client, peer } = await setUp(context);
    const streams = [
      client.serverStream(SERVICE, serverStreaming, ''),
      client.serverStream(SERVICE, serverStreaming, ''),
      client.bidiStream(SERVICE, bidi, []),
    ].map(collect);
    peer.send(1, FrameType.Data, 0, Buffer.from('a'));
    peer.send(1, FrameType.Data, 0);
    peer.send(1, FrameType.Data, Flag.RemoteClosed, Buffer.from('b'));
    peer.send(3, FrameType.Response, 0, ok('only'));
    peer.send(5, FrameType.Response, 0, ok(''));
    assert.deepEqual(await Promise.all(streams), [['a', '', 'b'], ['only'], []]);
    assert.equal(client.pending, 0);
  });
});

suite('a call given up', () => {
  test('after its time fails with DeadlineExceeded; its late answer is dropped', async (context) => {
    const { client, peer, logged } = await setUp(context);
    await assert.rejects(client.call(SERVICE, unary, '', { timeoutMs: 5 }), {
      code: Code.DeadlineExceeded,
      message: 'test.Service/Unary took more than 5 ms',
    });
    peer.send(1, FrameType.Response, 0, ok('late'));
    const next = client.call(SERVICE, unary, '');
    peer.send(3, FrameType.Response, 0, ok('next'));
    assert.equal(await next, 'next');
    assert.equal(logged.length, 1);
  });

  test('before it began is not sent', async (context) => {
    const { client, peer } = await setUp(context);
    for (const timeoutMs of [0, -1, -Infinity]) {
      await assert.rejects(client.call(SERVICE, unary, '', { timeoutMs }), { code: Code.DeadlineExceeded });
    }
    await assert.rejects(client.call(SERVICE, unary, '', { timeoutMs: NaN }), RangeError);
    await assert.rejects(client.call(SERVICE, unary, '', { signal: AbortSignal.abort() }), {
      code: Code.Canceled,
    });
    const settled = Promise.allSettled([client.call(SERVICE, unary, 'first')]);
    assert.deepEqual((await peer.nextRequest()).payload.toString(), 'first');
    client.close();
    await settled;
  });

  test('by its signal fails with Canceled', async (context) => {
    const { client, peer } = await setUp(context);
    const controller = new AbortController();
    const call = client.call(SERVICE, unary, '', { signal: controller.signal });
    await peer.nextRequest();
    controller.abort(new Error('no longer needed'));
    await assert.rejects(call, { code: Code.Canceled, cause: new Error('no longer needed') });
    assert.equal(client.pending, 0);
  });
});

suite('the end of the connection', () => {
  for (const [how, end] of [
    ['the server ends it', (_client: Client, peer: RawPeer) => peer.socket.end()],
    ['the server destroys it', (_client: Client, peer: RawPeer) => peer.socket.destroy()],
    [
      'the client closes it',
      (client: Client) => {
        client.close();
      },
    ],
  ] as const) {
    test(`fails all that is pending, and what comes after: ${how}`, async (context) => {
      const { client, peer } = await setUp(context);
      const pending = Promise.allSettled([
        client.call(SERVICE, unary, ''),
        client.call(SERVICE, unary, '', { timeoutMs: 1e12 }),
        client.clientStream(SERVICE, clientStreaming, []),
        collect(client.serverStream(SERVICE, serverStreaming, '')),
      ]);
      await peer.nextRequest();
      end(client, peer);
      for (const result of await pending) {
        assert.ok(result.status === 'rejected' && result.reason instanceof ClosedError);
        assert.match(result.reason.message, /^test.Service\/\w+: connection closed: /);
      }
      await client.closed;
      await assert.rejects(client.call(SERVICE, unary, ''), ClosedError);
      assert.throws(() => client.serverStream(SERVICE, serverStreaming, ''), ClosedError);
      assert.equal(client.pending, 0);
      client.close();
    });
  }

  test('comes at once if there is nothing to connect to, and says why', async (context) => {
    const client = createClient(socketPath(context));
    await assert.rejects(client.call(SERVICE, unary, ''), { name: 'ClosedError', message: /ENOENT/ });
    await client.closed;
  });

  test('comes at once on a socket that was closed before', async (context) => {
    const { path } = await listen(context);
    const socket = connect(path);
    socket.destroy();
    await once(socket, 'close');
    const client = createClient(socket);
    await assert.rejects(client.call(SERVICE, unary, ''), ClosedError);
    await client.closed;
  });

  test('comes with the last stream id, after which there is no greater one', async (context) => {
    const [near, far] = await socketPair(context);
    let ended = false;
    const connection = new ClientConnection(
      near,
      () => undefined,
      () => (ended = true),
      0xffffffff,
    );
    const failures: Error[] = [];
    const receiver: CallReceiver = {
      response: () => undefined,
      data: () => false,
      failed: (error) => failures.push(error),
    };
    const outgoing = { service: SERVICE, method: 'Unary', flags: 0, payload: Buffer.alloc(0) };
    connection.open(outgoing, {}, receiver);
    assert.equal((await new RawPeer(far).nextRequest()).streamId, 0xffffffff);
    assert.throws(() => connection.open(outgoing, {}, receiver), {
      name: 'ClosedError',
      message: /stream ids/,
    });
    assert.equal(failures.length, 1);
    assert.ok(failures[0] instanceof ClosedError);
    await once(near, 'close');
    assert.equal(ended, true);
  });
});
