import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { encodeRequestHead } from '../../src/ttrpc/envelope.js';
import { Flag, FrameType } from '../../src/ttrpc/frame.js';
import { MESSAGE_LENGTH_MAX, STATUS_MESSAGE_MAX } from '../../src/ttrpc/limits.js';
import { implement } from '../../src/ttrpc/service.js';
import { Code } from '../../src/ttrpc/status.js';
import { echo, held, request, SERVICE, setUp, unary } from './harness.js';
import type { RawPeer } from './peers.js';
import { text } from './peers.js';

suite('answers', () => {
  test('an unknown service, an unknown method: Unimplemented', async (context) => {
    const { peer } = await setUp(context);
    peer.send(1, FrameType.Request, 0, request('Echo', '', { service: 'containerd.task.v3.Task' }));
    assert.deepEqual(await peer.nextResponse(), {
      streamId: 1,
      code: Code.Unimplemented,
      text: 'service containerd.task.v3.Task',
    });
    peer.send(3, FrameType.Request, 0, request('Nope'));
    assert.deepEqual(await peer.nextResponse(), {
      streamId: 3,
      code: Code.Unimplemented,
      text: 'method Nope',
    });
    peer.send(5, FrameType.Request, 0, request('toString'));
    assert.equal((await peer.nextResponse()).code, Code.Unimplemented);
    peer.send(7, FrameType.Request, 0, request('Echo', '', { service: 'x'.repeat(4_000_000) }));
    const { code, text: message } = await peer.nextResponse();
    assert.equal(code, Code.Unimplemented);
    assert.equal(message, `service ${'x'.repeat(200)}… (4000000 characters)`);
    peer.send(9, FrameType.Request, 0, request('a\n\u001b[2J"\u202e'));
    assert.equal((await peer.nextResponse()).text, 'method "a\\n\\u001b[2J\\"\\u202e"');
  });

  test('a very long message of a handler is cut', async (context) => {
    const fail = implement(unary('Fail'), () => Promise.reject(new Error('x'.repeat(5_000_000))));
    const { peer } = await setUp(context, fail);
    peer.send(1, FrameType.Request, 0, request('Fail'));
    assert.equal((await peer.nextResponse()).text.length, STATUS_MESSAGE_MAX);
  });

  for (const [type, name] of [
    [FrameType.Request, 'request'],
    [FrameType.Data, 'data'],
    [FrameType.Response, 'response'],
    [77, 'unknown'],
  ] as const) {
    test(`a ${name} frame on an even stream: InvalidArgument, and goes on`, async (context) => {
      const { peer } = await setUp(context);
      for (const streamId of [0, 2, 0xfffffffe]) {
        peer.send(streamId, type, 0, request('Echo', 'x'));
        const response = await peer.nextResponse();
        assert.deepEqual([response.streamId, response.code], [streamId, Code.InvalidArgument]);
      }
      await assertGood(peer, 1);
    });
  }

  test('a stream id that is not greater than the last: InvalidArgument', async (context) => {
    const { peer } = await setUp(context);
    await assertGood(peer, 5);
    for (const streamId of [5, 3, 1]) {
      peer.send(streamId, FrameType.Request, 0, request('Echo', 'x'));
      const response = await peer.nextResponse();
      assert.deepEqual([response.streamId, response.code], [streamId, Code.InvalidArgument]);
    }
    await assertGood(peer, 0xffffffff);
  });

  test('an id is used up by a request that was refused', async (context) => {
    const { peer } = await setUp(context);
    peer.send(9, FrameType.Request, 0, Buffer.from([0xff]));
    assert.equal((await peer.nextResponse()).code, Code.InvalidArgument);
    peer.send(9, FrameType.Request, 0, request('Echo', 'x'));
    assert.equal((await peer.nextResponse()).code, Code.InvalidArgument);
    await assertGood(peer, 11);
  });

  test('a request with the id of one still running: InvalidArgument, and the first goes on', async (context) => {
    const { implementation, called, release } = held('Held');
    const { peer } = await setUp(context, implementation);
    peer.send(1, FrameType.Request, 0, request('Held', 'first'));
    await called(1);
    peer.send(1, FrameType.Request, 0, request('Echo', 'second'));
    assert.equal((await peer.nextResponse()).code, Code.InvalidArgument);
    release();
    assert.deepEqual(await peer.nextResponse(), { streamId: 1, code: Code.OK, text: 'first' });
  });

  test('data on a stream never opened, on one that is over, on a unary call: InvalidArgument', async (context) => {
    const { implementation, called, release } = held('Held');
    const { peer } = await setUp(context, implementation);
    await assertGood(peer, 1);
    peer.send(3, FrameType.Request, 0, request('Held', 'held'));
    await called(1);
    for (const streamId of [1, 3, 5]) {
      for (const flags of [0, Flag.RemoteClosed | Flag.NoData]) {
        peer.send(streamId, FrameType.Data, flags, Buffer.from(flags === 0 ? 'x' : ''));
        const response = await peer.nextResponse();
        assert.deepEqual([response.streamId, response.code], [streamId, Code.InvalidArgument]);
      }
    }
    release();
    assert.equal((await peer.nextResponse()).text, 'held');
  });

  test('an undecodable envelope: InvalidArgument; an undecodable payload: Internal', async (context) => {
    const refusing = implement(
      {
        ...unary('Refuse'),
        request: {
          ...text,
          decode() {
            throw new RangeError('index out of range');
          },
        },
      },
      () => assert.fail('handler called'),
    );
    const { peer } = await setUp(context, refusing);
    peer.send(1, FrameType.Request, 0, Buffer.from([0x0a, 0xff]));
    assert.equal((await peer.nextResponse()).code, Code.InvalidArgument);
    peer.send(3, FrameType.Request, 0, request('Refuse'));
    const { code, text: message } = await peer.nextResponse();
    assert.deepEqual([code, message], [Code.Internal, 'undecodable payload: index out of range']);
    await assertGood(peer, 5);
  });

  test('a message of more than 4 MiB: ResourceExhausted once it has come, and goes on', async (context) => {
    const { peer } = await setUp(context);
    for (const type of [FrameType.Request, FrameType.Data, 200]) {
      peer.send(1, type, 0, Buffer.alloc(MESSAGE_LENGTH_MAX + 1));
      const { streamId, code, text: message } = await peer.nextResponse();
      assert.deepEqual([streamId, code], [1, Code.ResourceExhausted]);
      assert.match(message, /4194305 bytes.* 4194304 /);
    }
    // Its id was never seen, thus is not used up.
    await assertGood(peer, 1);
  });

  test('frames of a type that has no meaning yet, or none for a server: nothing', async (context) => {
    const { peer } = await setUp(context);
    for (const type of [0, 2, 4, 255]) peer.send(1, type, 0, request('Echo', 'x'));
    await assertGood(peer, 1);
  });

  test('the largest message that fits, and an error instead of one that does not', async (context) => {
    const sized = implement(unary('Sized'), (length) => 'x'.repeat(Number(length)));
    const { peer, client } = await setUp(context, sized);
    const fits = MESSAGE_LENGTH_MAX - 7;
    peer.send(1, FrameType.Request, 0, request('Sized', String(fits)));
    assert.equal((await peer.next())?.data.length, MESSAGE_LENGTH_MAX);
    peer.send(3, FrameType.Request, 0, request('Sized', String(fits + 1)));
    assert.deepEqual(await peer.nextResponse(), {
      streamId: 3,
      code: Code.ResourceExhausted,
      text: `response of Sized has ${MESSAGE_LENGTH_MAX + 1} bytes, more than the ${MESSAGE_LENGTH_MAX} of a frame`,
    });
    const head = encodeRequestHead(
      { service: SERVICE, method: 'Echo', timeoutNano: 0, metadata: new Map() },
      MESSAGE_LENGTH_MAX,
    );
    const largest = 'y'.repeat(MESSAGE_LENGTH_MAX - head.length);
    assert.equal(await client.call(SERVICE, echo.method, largest), largest);
  });

  test('an OK response with an empty status, and an empty message with no bytes', async (context) => {
    const { peer } = await setUp(context);
    peer.send(1, FrameType.Request, 0, request('Echo'));
    const frame = await peer.next();
    assert.deepEqual(frame, {
      streamId: 1,
      type: FrameType.Response,
      flags: 0,
      data: Buffer.from([0x0a, 0]),
    });
  });

  async function assertGood(peer: RawPeer, streamId: number): Promise<void> {
    peer.send(streamId, FrameType.Request, 0, request('Echo', 'good'));
    assert.deepEqual(await peer.nextResponse(), { streamId, code: Code.OK, text: 'good' });
  }
});
