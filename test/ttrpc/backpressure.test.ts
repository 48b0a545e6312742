import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import {
  CALL_OVERHEAD,
  CONNECTION_BUDGET,
  MESSAGE_LENGTH_MAX,
  METADATA_OVERHEAD,
  STREAM_WINDOW,
  UNSENT_HARD_MAX,
  UNSENT_SOFT_MAX,
} from '../../src/ttrpc/limits.js';
import { encodeRequestHead } from '../../src/ttrpc/envelope.js';
import { Flag, FrameType } from '../../src/ttrpc/frame.js';
import { createClient } from '../../src/ttrpc/client.js';
import { createServer } from '../../src/ttrpc/server.js';
import type { Implementation } from '../../src/ttrpc/service.js';
import { createService, implement } from '../../src/ttrpc/service.js';
import { Code } from '../../src/ttrpc/status.js';
import { request, SERVICE, unary } from './harness.js';
import { rejectWhenAborted } from './interop.js';
import { bytes, encodeFrame, RawPeer, socketPair, text } from './peers.js';

/** A server with one connection, whose two ends are shown. */
async function connectTo(
  context: TestContext,
  ...implementations: Implementation[]
): Promise<{ near: Socket; far: Socket }> {
  const [near, far] = await socketPair(context);
  const server = createServer([createService(SERVICE, implementations)]);
  server.accept(far);
  context.after(() => {
    server.close();
  });
  return { near, far };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test('a peer that does not read its answers is not read from either, until it does', async (context) => {
  const large = 'x'.repeat(20_000);
  let handled = 0;
  const answer = implement(unary('Answer'), () => {
    handled += 1;
    return large;
  });
  const { near, far } = await connectTo(context, answer);
  near.pause();
  const total = 20_000;
  for (let i = 0; i < total; i += 1)
    near.write(encodeFrame(i * 2 + 1, FrameType.Request, 0, request('Answer')));
  // The server has paused, and all that it could read or write by itself is done.
  while (!far.isPaused() || far.readableLength === 0) await turn();
  assert.ok(handled < total / 2);
  // One chunk of the socket is 64 KiB, some 2,000 requests of 30 bytes.
  assert.ok(far.writableLength > UNSENT_SOFT_MAX);
  const peer = new RawPeer(near);
  near.resume();
  for (let i = 0; i < total; i += 1) assert.equal((await peer.nextResponse()).text.length, large.length);
  assert.equal(handled, total);
});

test('answers that a peer leaves unread become errors before they fill the memory', async (context) => {
  const large = Buffer.alloc(MESSAGE_LENGTH_MAX - 100);
  let running = 0;
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const hold = implement({ kind: 'unary', name: 'Hold', request: text, response: bytes }, async () => {
    running += 1;
    await released;
    return large;
  });
  const { near, far } = await connectTo(context, hold);
  near.pause();
  const total = 100;
  for (let i = 0; i < total; i += 1)
    near.write(encodeFrame(i * 2 + 1, FrameType.Request, 0, request('Hold')));
  while (running < total) await turn();
  release();
  await turn();
  assert.ok(far.writableLength > UNSENT_HARD_MAX && far.writableLength < UNSENT_HARD_MAX + 2 * large.length);
  const peer = new RawPeer(near);
  near.resume();
  const codes: number[] = [];
  for (let i = 0; i < total; i += 1) codes.push((await peer.nextResponse()).code);
  assert.deepEqual(new Set(codes), new Set([Code.OK, Code.ResourceExhausted]));
  peer.send(total * 2 + 1, FrameType.Request, 0, request('Hold'));
  assert.equal((await peer.nextResponse()).code, Code.OK);
});

test('a handler that streams waits for a peer that does not read', async (context) => {
  const message = 'x'.repeat(100_000);
  let yielded = 0;
  const flood = implement(
    { kind: 'server-streaming', name: 'Flood', request: text, response: text },
    async function* () {
      for (; yielded < 1000; yielded += 1) yield await Promise.resolve(message);
    },
  );
  const { near, far } = await connectTo(context, flood);
  near.pause();
  near.write(encodeFrame(1, FrameType.Request, Flag.RemoteClosed, request('Flood')));
  while (far.writableLength < UNSENT_SOFT_MAX) await turn();
  for (let i = 0; i < 100; i += 1) await turn();
  assert.ok(yielded * message.length < 4 * UNSENT_SOFT_MAX);
  const peer = new RawPeer(near);
  near.resume();
  for (let i = 0; i < 1000; i += 1) assert.equal((await peer.next())?.data.length, message.length);
  assert.equal((await peer.next())?.flags, Flag.RemoteClosed | Flag.NoData);
});

test('a client that streams waits for a server that does not read', async (context) => {
  const [near, far] = await socketPair(context);
  const client = createClient(near);
  const message = 'x'.repeat(100_000);
  let sent = 0;
  const messages = (function* () {
    for (; sent < 1000; sent += 1) yield message;
  })();
  const method = { kind: 'client-streaming', name: 'Join', request: text, response: text } as const;
  const call = client.clientStream(SERVICE, method, messages);
  while (near.writableLength < UNSENT_SOFT_MAX) await turn();
  for (let i = 0; i < 100; i += 1) await turn();
  assert.ok(sent * message.length < 4 * UNSENT_SOFT_MAX);
  const peer = new RawPeer(far);
  assert.equal((await peer.nextRequest()).method, 'Join');
  for (let i = 0; i < 1000; i += 1) assert.equal((await peer.next())?.data.length, message.length);
  peer.send(1, FrameType.Response, 0, Buffer.alloc(0));
  assert.equal(await call, '');
});

test('requests beyond the budget of their connection are refused, and only those', async (context) => {
  let running = 0;
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const hold = implement(unary('Hold'), async () => {
    running += 1;
    await released;
    return '';
  });
  const { near } = await connectTo(context, hold);
  const peer = new RawPeer(near);
  const payload = request('Hold');
  const fit = Math.floor(CONNECTION_BUDGET / (CALL_OVERHEAD + payload.length));
  for (let i = 0; i <= fit; i += 1) near.write(encodeFrame(i * 2 + 1, FrameType.Request, 0, payload));
  const refused = await peer.nextResponse();
  assert.deepEqual([refused.streamId, refused.code], [fit * 2 + 1, Code.ResourceExhausted]);
  assert.equal(running, fit);
  release();
  for (let i = 0; i < fit; i += 1) assert.equal((await peer.nextResponse()).code, Code.OK);
  peer.send(fit * 2 + 3, FrameType.Request, 0, payload);
  assert.equal((await peer.nextResponse()).code, Code.OK);
});

test('metadata count against the budget of their connection as long as they are kept', async (context) => {
  const hold = implement(unary('Hold'), (_request, { signal }) => rejectWhenAborted(signal));
  const { near } = await connectTo(context, hold);
  const peer = new RawPeer(near);
  const metadata = new Map([['k', ['x'.repeat(4_000_000)]]]);
  const head = encodeRequestHead({ service: SERVICE, method: 'Hold', timeoutNano: 0, metadata }, 0);
  const fit = Math.floor(CONNECTION_BUDGET / (head.length + CALL_OVERHEAD + METADATA_OVERHEAD));
  for (let i = 0; i <= fit; i += 1) peer.send(i * 2 + 1, FrameType.Request, 0, head);
  const refused = await peer.nextResponse();
  assert.deepEqual([refused.streamId, refused.code], [fit * 2 + 1, Code.ResourceExhausted]);
});

test('the windows of many streams add up to no more than the budget of their connection', async (context) => {
  const hold = implement(
    { kind: 'client-streaming', name: 'Hold', request: text, response: text },
    (_requests, { signal }) => rejectWhenAborted(signal),
  );
  const { near } = await connectTo(context, hold);
  const peer = new RawPeer(near);
  const message = Buffer.alloc(STREAM_WINDOW / 2 - CALL_OVERHEAD);
  const streams = CONNECTION_BUDGET / STREAM_WINDOW;
  for (let i = 0; i <= streams; i += 1) {
    const streamId = i * 2 + 1;
    peer.send(streamId, FrameType.Request, Flag.RemoteOpen, request('Hold'));
    peer.send(streamId, FrameType.Data, 0, message);
    peer.send(streamId, FrameType.Data, 0, message);
  }
  const refused = await peer.nextResponse();
  assert.deepEqual([refused.streamId, refused.code], [streams * 2 + 1, Code.ResourceExhausted]);
});

test('what a handler leaves unread is given back to the budget of its connection', async (context) => {
  const ignore = implement(
    { kind: 'client-streaming', name: 'Ignore', request: text, response: text },
    async () => Promise.resolve('ignored'),
  );
  const { near } = await connectTo(context, ignore);
  const peer = new RawPeer(near);
  const payload = request('Ignore', 'x'.repeat(4_000_000));
  for (let i = 0; i < (2 * CONNECTION_BUDGET) / payload.length; i += 1) {
    peer.send(i * 2 + 1, FrameType.Request, Flag.RemoteOpen, payload);
    assert.deepEqual(await peer.nextResponse(), { streamId: i * 2 + 1, code: Code.OK, text: 'ignored' });
  }
});
