import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { connect, createServer as createListener } from 'node:net';
import { suite, test } from 'node:test';
import { createClient } from '../../src/ttrpc/client.js';
import { FrameType } from '../../src/ttrpc/frame.js';
import { createServer } from '../../src/ttrpc/server.js';
import { implement } from '../../src/ttrpc/service.js';
import { ClosedError, Code } from '../../src/ttrpc/status.js';
import { echo, held, request, SERVICE, setUp, unary } from './harness.js';
import { rejectWhenAborted } from './interop.js';
import { listen, RawPeer, socketPath } from './peers.js';

suite('the end of a connection', () => {
  for (const [how, end] of [
    ['ends', (peer: RawPeer) => peer.socket.end()],
    ['is destroyed', (peer: RawPeer) => peer.socket.destroy()],
  ] as const) {
    test(`that ${how} cancels its own handlers and no others`, async (context) => {
      const { implementation, called, release } = held('Held');
      const { peer, client, server } = await setUp(context, implementation);
      peer.send(1, FrameType.Request, 0, request('Held', 'a'));
      peer.send(3, FrameType.Request, 0, request('Held', 'b'));
      const [first, second] = await called(2);
      assert.ok(first !== undefined && second !== undefined);
      const survivor = client.call(SERVICE, unary('Held'), 'c');
      const third = (await called(3))[2];
      const aborted = rejectWhenAborted(first.signal);
      end(peer);
      await assert.rejects(aborted, ClosedError);
      // One whose signal was not asked for before it was aborted.
      assert.ok(second.signal.aborted && second.signal.reason instanceof ClosedError);
      assert.equal(third?.signal.aborted, false);
      assert.equal(server.connections, 1);
      release();
      assert.equal(await survivor, 'c');
    });
  }

  test('is its end, even if the peer goes on reading and the socket may be half open', async (context) => {
    const { implementation, called } = held('Held');
    const { server } = await setUp(context, implementation);
    const path = socketPath(context);
    const listener = createListener({ allowHalfOpen: true });
    listener.listen(path);
    server.serve(listener);
    const peer = new RawPeer(connect({ path, allowHalfOpen: true }));
    peer.send(1, FrameType.Request, 0, request('Held'));
    const [call] = await called(1);
    assert.ok(call !== undefined);
    const aborted = rejectWhenAborted(call.signal);
    peer.socket.end();
    await assert.rejects(aborted, ClosedError);
  });

  test('in the middle of a frame, and of an answer, is silent', async (context) => {
    const large = implement(unary('Large'), () => 'x'.repeat(4_000_000));
    const { path, client, logged } = await setUp(context, large);
    for (let round = 0; round < 20; round += 1) {
      const peer = new RawPeer(connect(path));
      peer.send(1, FrameType.Request, 0, request('Large'));
      peer.socket.write(Buffer.from([0, 0, 1]));
      if (round % 2 === 0) await peer.next();
      peer.socket.destroy();
    }
    assert.equal(await client.call(SERVICE, echo.method, 'fine'), 'fine');
    assert.deepEqual(logged, []);
  });
});

suite('shutdown', () => {
  test('closes listener and idle connections, lets requests finish, refuses new ones', async (context) => {
    const { implementation, called, release } = held('Held');
    const { peer, client, server, path } = await setUp(context, implementation);
    assert.equal(await client.call(SERVICE, echo.method, 'x'), 'x');
    peer.send(1, FrameType.Request, 0, request('Held', 'done'));
    await called(1);
    const stopped = server.shutdown();
    assert.equal(server.shutdown(), stopped);
    await client.closed;
    await assert.rejects(createClient(path).call(SERVICE, echo.method, 'x'), ClosedError);
    peer.send(3, FrameType.Request, 0, request('Echo', 'late'));
    assert.equal((await peer.nextResponse()).code, Code.Unavailable);
    assert.equal(server.connections, 1);
    release();
    assert.deepEqual(await peer.nextResponse(), { streamId: 1, code: Code.OK, text: 'done' });
    assert.equal(await peer.next(), undefined);
    await stopped;
    assert.equal(server.connections, 0);
  });

  test('sends a large answer whole before it closes', async (context) => {
    const large = implement(unary('Large'), async (_request, { signal }) => {
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(signal.aborted, false);
      return 'x'.repeat(4_000_000);
    });
    const { peer, server } = await setUp(context, large);
    peer.send(1, FrameType.Request, 0, request('Large'));
    peer.send(3, FrameType.Request, 0, request('Echo', 'x'));
    assert.equal((await peer.nextResponse()).streamId, 3);
    const stopped = server.shutdown();
    assert.equal((await peer.nextResponse()).text.length, 4_000_000);
    await stopped;
  });

  test('waits for a handler whose deadline has passed', async (context) => {
    const { implementation, called, release } = held('Held');
    const { peer, server } = await setUp(context, implementation);
    peer.send(1, FrameType.Request, 0, request('Held', '', { timeoutNano: 1_000_000 }));
    await called(1);
    assert.equal((await peer.nextResponse()).code, Code.DeadlineExceeded);
    let resolved = false;
    const stopped = server.shutdown().then(() => (resolved = true));
    peer.send(3, FrameType.Request, 0, request('Echo', ''));
    assert.equal((await peer.nextResponse()).code, Code.Unavailable);
    assert.equal(resolved, false);
    release();
    await stopped;
  });

  test('is cut short by close, which cancels the handlers', async (context) => {
    const { implementation, called } = held('Held');
    const { peer, server } = await setUp(context, implementation);
    peer.send(1, FrameType.Request, 0, request('Held'));
    const [call] = await called(1);
    const stopped = server.shutdown();
    server.close();
    await stopped;
    assert.equal(call?.signal.aborted, true);
    assert.equal(await peer.next(), undefined);
  });

  test('is over when the listener has closed too', async (context) => {
    const { listener, path } = await listen(context);
    const server = createServer([]);
    server.serve(listener);
    let closed = false;
    listener.on('close', () => (closed = true));
    await server.shutdown();
    assert.equal(closed, true);
    assert.equal(existsSync(path), false);
  });

  test('of a server without connections or listeners is immediate, and final', async (context) => {
    const server = createServer([]);
    await server.shutdown();
    const { listener, path } = await listen(context);
    server.serve(listener);
    const client = createClient(path);
    await client.closed;
    server.close();
  });
});
