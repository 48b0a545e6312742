import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Flag, FrameType } from '../../src/ttrpc/frame.js';
import { STREAM_WINDOW } from '../../src/ttrpc/limits.js';
import type {
  BidiStreamingMethod,
  ClientStreamingMethod,
  Codec,
  ServerStreamingMethod,
} from '../../src/ttrpc/service.js';
import { implement } from '../../src/ttrpc/service.js';
import { ClosedError, Code, StatusError } from '../../src/ttrpc/status.js';
import { echo, request, SERVICE, setUp } from './harness.js';
import { rejectWhenAborted } from './interop.js';
import { collect, text } from './peers.js';

function serverStreaming(name: string): ServerStreamingMethod<string, string> {
  return { kind: 'server-streaming', name, request: text, response: text };
}
function clientStreaming(name: string): ClientStreamingMethod<string, string> {
  return { kind: 'client-streaming', name, request: text, response: text };
}
function bidiStreaming(name: string): BidiStreamingMethod<string, string> {
  return { kind: 'bidi-streaming', name, request: text, response: text };
}

const count = implement(serverStreaming('Count'), async function* (n) {
  for (let i = 0; i < Number(n); i += 1) yield await Promise.resolve(String(i));
});
const join = implement(clientStreaming('Join'), async (requests) => (await collect(requests)).join());
const chat = implement(bidiStreaming('Chat'), async function* (requests) {
  for await (const message of requests) yield `${message}!`;
});
const CLOSE = Flag.RemoteClosed | Flag.NoData;

suite('on the wire', () => {
  test('a server that streams ends with a data frame that is closed and has no data', async (context) => {
    const { peer } = await setUp(context, count);
    peer.send(1, FrameType.Request, Flag.RemoteClosed, request('Count', '2'));
    const empty = Buffer.alloc(0);
    assert.deepEqual(await peer.next(), {
      streamId: 1,
      type: FrameType.Data,
      flags: 0,
      data: Buffer.from('0'),
    });
    assert.deepEqual(await peer.next(), {
      streamId: 1,
      type: FrameType.Data,
      flags: 0,
      data: Buffer.from('1'),
    });
    assert.deepEqual(await peer.next(), { streamId: 1, type: FrameType.Data, flags: CLOSE, data: empty });
  });

  test('a server that streams fails with a response', async (context) => {
    const failing = implement(serverStreaming('Fail'), async function* () {
      yield await Promise.resolve('first');
      throw new StatusError(Code.NotFound, 'no second');
    });
    const { peer } = await setUp(context, failing);
    peer.send(1, FrameType.Request, Flag.RemoteClosed, request('Fail'));
    assert.equal((await peer.next())?.data.toString(), 'first');
    assert.deepEqual(await peer.nextResponse(), { streamId: 1, code: Code.NotFound, text: 'no second' });
  });

  test('an empty data frame is an empty message, one with no-data is none', async (context) => {
    const { peer } = await setUp(context, join);
    peer.send(1, FrameType.Request, Flag.RemoteOpen, request('Join'));
    peer.send(1, FrameType.Data, 0, Buffer.from('a'));
    peer.send(1, FrameType.Data, 0);
    peer.send(1, FrameType.Data, Flag.NoData, Buffer.from('ignored'));
    peer.send(1, FrameType.Data, 0, Buffer.from('b'));
    peer.send(1, FrameType.Data, CLOSE);
    assert.deepEqual(await peer.nextResponse(), { streamId: 1, code: Code.OK, text: 'a,,b' });
  });

  test('a payload in the request is the first message; the last one may come with the close', async (context) => {
    const { peer } = await setUp(context, join);
    peer.send(1, FrameType.Request, Flag.RemoteOpen, request('Join', 'first'));
    peer.send(1, FrameType.Data, Flag.RemoteClosed, Buffer.from('last'));
    assert.equal((await peer.nextResponse()).text, 'first,last');
    peer.send(3, FrameType.Request, Flag.RemoteClosed, request('Join', 'only'));
    assert.equal((await peer.nextResponse()).text, 'only');
    peer.send(5, FrameType.Request, Flag.RemoteClosed, request('Join'));
    assert.equal((await peer.nextResponse()).text, '');
  });

  test('messages sent in one go reach a handler that has not begun to read', async (context) => {
    const { peer } = await setUp(context, join);
    const messages = Array.from({ length: 5000 }, (_, i) => String(i));
    peer.socket.cork();
    peer.send(1, FrameType.Request, Flag.RemoteOpen, request('Join'));
    for (const message of messages) peer.send(1, FrameType.Data, 0, Buffer.from(message));
    peer.send(1, FrameType.Data, CLOSE);
    peer.socket.uncork();
    assert.equal((await peer.nextResponse()).text, messages.join());
  });

  test('closing twice is harmless, data after the close fails the stream', async (context) => {
    let aborted: Promise<never> | undefined;
    const waiting = implement(bidiStreaming('Wait'), async function* (requests, { signal }) {
      aborted = rejectWhenAborted(signal);
      yield (await collect(requests)).join();
      await aborted;
    });
    const { peer } = await setUp(context, waiting);
    peer.send(1, FrameType.Request, Flag.RemoteOpen, request('Wait', 'a'));
    peer.send(1, FrameType.Data, CLOSE);
    peer.send(1, FrameType.Data, CLOSE);
    assert.equal((await peer.next())?.data.toString(), 'a');
    peer.send(1, FrameType.Data, 0, Buffer.from('b'));
    assert.equal((await peer.nextResponse()).code, Code.InvalidArgument);
    assert.ok(aborted !== undefined);
    await assert.rejects(aborted, { code: Code.InvalidArgument });
  });

  test('a client that does not stream may close, but not send', async (context) => {
    const wait = implement(serverStreaming('Wait'), async function* (_request, { signal }) {
      yield 'first';
      await rejectWhenAborted(signal);
    });
    const { peer } = await setUp(context, wait);
    peer.send(1, FrameType.Request, Flag.RemoteOpen, request('Wait'));
    peer.send(1, FrameType.Data, CLOSE);
    assert.equal((await peer.next())?.data.toString(), 'first');
    peer.send(1, FrameType.Data, 0, Buffer.from('x'));
    assert.deepEqual((await peer.nextResponse()).code, Code.InvalidArgument);
  });

  test('an oversized message fails its stream', async (context) => {
    const { peer } = await setUp(context, join);
    peer.send(1, FrameType.Request, Flag.RemoteOpen, request('Join'));
    peer.send(1, FrameType.Data, 0, Buffer.alloc((4 << 20) + 1));
    assert.equal((await peer.nextResponse()).code, Code.ResourceExhausted);
    peer.send(1, FrameType.Data, CLOSE);
    assert.equal((await peer.nextResponse()).code, Code.InvalidArgument);
    peer.send(3, FrameType.Request, 0, request('Echo', 'next'));
    assert.equal((await peer.nextResponse()).text, 'next');
  });

  test('an undecodable message fails the handler with Internal', async (context) => {
    const picky: Codec<string> = {
      ...text,
      decode(bytes) {
        if (bytes.length === 3) throw new Error('three bytes');
        return text.decode(bytes);
      },
    };
    const method = { ...clientStreaming('Picky'), request: picky };
    const { peer } = await setUp(
      context,
      implement(method, async (requests) => (await collect(requests)).join()),
    );
    peer.send(1, FrameType.Request, Flag.RemoteOpen, request('Picky', 'good'));
    peer.send(1, FrameType.Data, 0, Buffer.from('bad'));
    assert.deepEqual(await peer.nextResponse(), {
      streamId: 1,
      code: Code.Internal,
      text: 'undecodable payload: three bytes',
    });
  });
});

suite('with both sides ours', () => {
  test('messages go both ways, in order and interleaved', async (context) => {
    const { client } = await setUp(context, count, join, chat);
    assert.deepEqual(await collect(client.serverStream(SERVICE, count.method, '3')), ['0', '1', '2']);
    assert.deepEqual(await collect(client.serverStream(SERVICE, count.method, '0')), []);
    assert.equal(await client.clientStream(SERVICE, join.method, ['a', '', 'c']), 'a,,c');
    assert.equal(await client.clientStream(SERVICE, join.method, []), '');
    let heard: (message: string) => void = () => undefined;
    async function* talk(): AsyncGenerator<string> {
      let message = '';
      while (message.length < 10) {
        const answered = new Promise<string>((resolve) => (heard = resolve));
        yield message;
        message = await answered;
      }
    }
    const answers: string[] = [];
    for await (const answer of client.bidiStream(SERVICE, chat.method, talk())) {
      answers.push(answer);
      heard(answer);
    }
    assert.deepEqual(
      answers,
      Array.from({ length: 10 }, (_, i) => '!'.repeat(i + 1)),
    );
    assert.equal(client.pending, 0);
  });

  test('a stream of more than fits any buffer goes through', async (context) => {
    const { client } = await setUp(context, chat);
    const message = 'x'.repeat(1_000_000);
    const requests = (function* () {
      for (let i = 0; i < 100; i += 1) yield message;
    })();
    let received = 0;
    for await (const answer of client.bidiStream(SERVICE, chat.method, requests)) {
      assert.equal(answer.length, message.length + 1);
      received += 1;
    }
    assert.equal(received, 100);
  });

  test('a consumer that leaves its loop ends the call', async (context) => {
    const endless = implement(serverStreaming('Endless'), async function* (_request, { signal }) {
      for (let i = 0; !signal.aborted; i += 1) {
        yield String(i);
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    const { client } = await setUp(context, endless);
    for await (const message of client.serverStream(SERVICE, endless.method, '')) {
      if (message === '3') break;
    }
    assert.equal(client.pending, 0);
    assert.equal(await client.call(SERVICE, echo.method, 'still fine'), 'still fine');
  });

  test('what the source of the requests throws fails the call', async (context) => {
    const { client } = await setUp(context, join, chat);
    function* broken(): Generator<string> {
      yield 'a';
      throw new TypeError('no more');
    }
    await assert.rejects(client.clientStream(SERVICE, join.method, broken()), { message: 'no more' });
    await assert.rejects(collect(client.bidiStream(SERVICE, chat.method, broken())), { message: 'no more' });
    assert.equal(client.pending, 0);
  });

  test('a server that answers before the client has sent all stops the sending', async (context) => {
    const first = implement(clientStreaming('First'), async (requests) => {
      for await (const message of requests) return message;
      return 'none';
    });
    const { client } = await setUp(context, first);
    let returned: () => void = () => undefined;
    const sourceReturned = new Promise<void>((resolve) => (returned = resolve));
    async function* endless(): AsyncGenerator<string> {
      try {
        for (let i = 0; ; i += 1) {
          yield String(i);
          await new Promise((resolve) => setImmediate(resolve));
        }
      } finally {
        returned();
      }
    }
    assert.equal(await client.clientStream(SERVICE, first.method, endless()), '0');
    await sourceReturned;
    assert.equal(await client.call(SERVICE, echo.method, 'next'), 'next');
  });

  test('a deadline and a signal end streams of all kinds', async (context) => {
    const wait = implement(clientStreaming('Wait'), (_requests, { signal }) => rejectWhenAborted(signal));
    // eslint-disable-next-line require-yield -- it waits instead
    const waitAll = implement(bidiStreaming('WaitAll'), async function* (_requests, { signal }) {
      await rejectWhenAborted(signal);
    });
    const { client, server } = await setUp(context, wait, waitAll);
    const timeoutMs = 20;
    const deadline = { code: Code.DeadlineExceeded };
    await assert.rejects(client.clientStream(SERVICE, wait.method, [], { timeoutMs }), deadline);
    await assert.rejects(collect(client.bidiStream(SERVICE, waitAll.method, [], { timeoutMs })), deadline);
    const controller = new AbortController();
    const { signal } = controller;
    const stream = collect(client.bidiStream(SERVICE, waitAll.method, [], { signal }));
    const cause = new Error('changed my mind');
    controller.abort(cause);
    await assert.rejects(stream, { code: Code.Canceled, cause });
    client.close();
    await server.shutdown();
  });

  test('a handler that reads its requests is told there that its call is over', async (context) => {
    const outcomes: string[] = [];
    let done: () => void = () => undefined;
    const allDone = new Promise<void>((resolve) => (done = resolve));
    const read = implement(clientStreaming('Read'), async (requests) => {
      const thrown = (await collect(requests).catch((error: unknown) => error)) as Error;
      if (outcomes.push(thrown.name) === 2) done();
      throw thrown;
    });
    const { peer, logged } = await setUp(context, read);
    peer.send(1, FrameType.Request, Flag.RemoteOpen, request('Read', '', { timeoutNano: 1_000_000 }));
    assert.equal((await peer.nextResponse()).code, Code.DeadlineExceeded);
    peer.send(3, FrameType.Request, Flag.RemoteOpen, request('Read'));
    peer.send(5, FrameType.Request, 0, request('Echo'));
    assert.equal((await peer.nextResponse()).streamId, 5);
    peer.socket.destroy();
    await allDone;
    assert.deepEqual(outcomes, ['StatusError', 'ClosedError']);
    assert.deepEqual(logged, []);
  });

  test('a handler that goes on after its deadline sends nothing, and is left', async (context) => {
    let left: () => void = () => undefined;
    const hasLeft = new Promise<void>((resolve) => (left = resolve));
    const stubborn = implement(serverStreaming('Stubborn'), async function* (_request, { signal }) {
      try {
        await rejectWhenAborted(signal).catch(() => undefined);
        for (;;) yield await Promise.resolve('too late');
      } finally {
        left();
      }
    });
    const { peer } = await setUp(context, stubborn);
    peer.send(1, FrameType.Request, Flag.RemoteClosed, request('Stubborn', '', { timeoutNano: 1_000_000 }));
    assert.equal((await peer.nextResponse()).code, Code.DeadlineExceeded);
    await hasLeft;
    peer.send(3, FrameType.Request, 0, request('Echo', 'next'));
    assert.deepEqual(await peer.nextResponse(), { streamId: 3, code: Code.OK, text: 'next' });
  });

  test('the end of the connection gives what had come, then ClosedError', async (context) => {
    const two = implement(serverStreaming('Two'), async function* (_request, { signal }) {
      yield 'a';
      yield 'b';
      await rejectWhenAborted(signal);
    });
    const { client, server } = await setUp(context, two);
    const stream = client.serverStream(SERVICE, two.method, '');
    assert.deepEqual(await stream.next(), { done: false, value: 'a' });
    assert.equal(await client.call(SERVICE, echo.method, 'flush'), 'flush');
    server.close();
    await client.closed;
    assert.deepEqual(await stream.next(), { done: false, value: 'b' });
    await assert.rejects(stream.next(), ClosedError);
    assert.deepEqual(await stream.next(), { done: true, value: undefined });
  });
});

suite('a slow consumer', () => {
  const large = 'x'.repeat(1 << 20);

  test('on the server loses its stream, and delays no other', async (context) => {
    let aborted: Promise<never> | undefined;
    const slow = implement(clientStreaming('Slow'), async (_requests, { signal }) => {
      aborted = rejectWhenAborted(signal);
      return aborted;
    });
    const { client } = await setUp(context, slow, chat);
    async function* endless(): AsyncGenerator<string> {
      for (let i = 0; ; i += 1) {
        yield large;
        // The other stream and the unary call get through all the time.
        assert.equal(await client.call(SERVICE, echo.method, String(i)), String(i));
        assert.ok(i * large.length <= STREAM_WINDOW);
      }
    }
    await assert.rejects(client.clientStream(SERVICE, slow.method, endless()), {
      code: Code.ResourceExhausted,
    });
    assert.ok(aborted !== undefined);
    await assert.rejects(aborted, { code: Code.ResourceExhausted });
    assert.deepEqual(await collect(client.bidiStream(SERVICE, chat.method, [large])), [`${large}!`]);
  });

  test('on the client loses its stream, and delays no other', async (context) => {
    const flood = implement(serverStreaming('Flood'), async function* (_request, { signal }) {
      while (!signal.aborted) yield await Promise.resolve(large);
    });
    const { client } = await setUp(context, flood);
    const stream = client.serverStream(SERVICE, flood.method, '');
    while (client.pending > 0) assert.equal(await client.call(SERVICE, echo.method, 'x'), 'x');
    let received = 0;
    await assert.rejects(
      async () => {
        for await (const message of stream) received += message.length;
      },
      { code: Code.ResourceExhausted },
    );
    assert.ok(received > STREAM_WINDOW / 2 && received <= STREAM_WINDOW);
    client.close();
  });
});
