import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { FrameType } from '../../src/ttrpc/frame.js';
import { implement } from '../../src/ttrpc/service.js';
import type { StatusError } from '../../src/ttrpc/status.js';
import { Code } from '../../src/ttrpc/status.js';
import { held, request, SERVICE, setUp, unary } from './harness.js';
import { rejectWhenAborted } from './interop.js';

suite('a deadline', () => {
  test('that passes aborts the handler and is answered DeadlineExceeded', async (context) => {
    let reason: unknown;
    const waiting = implement(unary('Wait'), async (_request, { signal, deadline }) => {
      assert.ok(deadline !== undefined && deadline <= Date.now() + 30);
      await rejectWhenAborted(signal).catch((error: unknown) => (reason = error));
      return 'too late';
    });
    const { peer, logged } = await setUp(context, waiting);
    peer.send(1, FrameType.Request, 0, request('Wait', '', { timeoutNano: 20_000_000 }));
    assert.deepEqual(await peer.nextResponse(), {
      streamId: 1,
      code: Code.DeadlineExceeded,
      text: 'Wait took more than 20 ms',
    });
    assert.equal((reason as StatusError).code, Code.DeadlineExceeded);
    peer.send(3, FrameType.Request, 0, request('Echo', 'next'));
    assert.equal((await peer.nextResponse()).text, 'next');
    assert.deepEqual(logged, []);
  });

  test('is answered even if the handler never ends', async (context) => {
    const stubborn = implement(unary('Stubborn'), () => new Promise<string>(() => undefined));
    const { peer } = await setUp(context, stubborn);
    peer.send(1, FrameType.Request, 0, request('Stubborn', '', { timeoutNano: 1 }));
    assert.equal((await peer.nextResponse()).code, Code.DeadlineExceeded);
  });

  test('that had passed already is answered without calling the handler', async (context) => {
    const never = implement(unary('Never'), () => assert.fail('handler called'));
    const { peer } = await setUp(context, never);
    for (const [index, timeoutNano] of [-1, -(2 ** 62)].entries()) {
      peer.send(index * 2 + 1, FrameType.Request, 0, request('Never', '', { timeoutNano }));
      assert.equal((await peer.nextResponse()).code, Code.DeadlineExceeded);
    }
  });

  test('of 0 is none; one of centuries is kept', async (context) => {
    const { implementation, called, release } = held('Held');
    const { peer } = await setUp(context, implementation);
    peer.send(1, FrameType.Request, 0, request('Held', '', { timeoutNano: 0 }));
    peer.send(3, FrameType.Request, 0, request('Held', '', { timeoutNano: 2 ** 62 }));
    const [none, long] = await called(2);
    assert.equal(none?.deadline, undefined);
    assert.ok((long?.deadline ?? 0) > Date.now() + 2 ** 41);
    peer.send(5, FrameType.Request, 0, request('Echo', 'still there'));
    assert.equal((await peer.nextResponse()).text, 'still there');
    assert.deepEqual([none?.signal.aborted, long?.signal.aborted], [false, false]);
    release();
  });

  test('failure of a handler after it is logged, unless it is the abort itself', async (context) => {
    const cleanup = implement(unary('Clean'), async (_request, { signal }) => {
      await rejectWhenAborted(signal).catch(() => undefined);
      throw new Error('cannot unmount');
    });
    const { client, server, logged } = await setUp(context, cleanup);
    await assert.rejects(client.call(SERVICE, cleanup.method, '', { timeoutMs: 10 }), {
      code: Code.DeadlineExceeded,
    });
    await server.shutdown();
    assert.deepEqual(logged, ['Clean failed after its call was over: cannot unmount']);
  });
});
