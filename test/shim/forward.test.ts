import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import type { ForwardRequest } from '../../src/proto/generated/messages.js';
import { type EventForwarder, eventForwarder } from '../../src/shim/forward.js';
import type { Envelope } from '../../src/shim/publisher.js';
import { Code, StatusError } from '../../src/ttrpc/status.js';
import { RawPeer, socketPath } from '../ttrpc/peers.js';
import { Containerd, event } from './containerd.js';

const limits = { timeout: 30_000 };

const envelope = (topic: string): Envelope => ({
  namespace: 'ns',
  timestamp: new Date(1_700_000_000_123),
  event: event(topic),
});

function forwarderTo(test: TestContext, address: string): EventForwarder {
  const forwarder = eventForwarder(address);
  test.after(() => {
    forwarder.close();
  });
  return forwarder;
}

describe('an event', limits, () => {
  it('arrives with its time, topic, payload, and namespace', async (test) => {
    const containerd = await new Containerd(test).start();
    let came: ForwardRequest | undefined;
    let namespace: readonly string[] | undefined;
    containerd.take = (request, context) => {
      came = request;
      namespace = context.metadata.get('containerd-namespace-ttrpc');
    };
    await forwarderTo(test, `unix://${containerd.path}`).forward(envelope('/tasks/oom'));
    assert.deepEqual(namespace, ['ns']);
    assert.deepEqual(
      {
        ...came?.envelope,
        event: { ...came?.envelope?.event, value: came?.envelope?.event?.value.toString() },
      },
      {
        timestamp: { seconds: 1_700_000_000, nanos: 123_000_000 },
        namespace: 'ns',
        topic: '/tasks/oom',
        event: { typeUrl: 'containerd.events.TaskOOM', value: '/tasks/oom' },
      },
    );
  });

  it('shares one connection with the others', async (test) => {
    const containerd = await new Containerd(test).start();
    const { forward } = forwarderTo(test, containerd.path);
    await Promise.all(Array.from({ length: 20 }, (_, index) => forward(envelope(`/tasks/${index}`))));
    assert.equal(containerd.topics.length, 20);
    assert.equal(containerd.connections, 1);
  });

  it('fails when containerd is away, and arrives when it is back', async (test) => {
    const containerd = new Containerd(test);
    const { forward } = forwarderTo(test, containerd.path);
    await assert.rejects(forward(envelope('/tasks/lost')), { name: 'ClosedError', message: /ENOENT/ });
    await containerd.start();
    await forward(envelope('/tasks/one'));
    containerd.stop();
    await assert.rejects(forward(envelope('/tasks/lost')), { name: 'ClosedError' });
    await containerd.start();
    await forward(envelope('/tasks/two'));
    assert.deepEqual(containerd.topics, ['/tasks/one', '/tasks/two']);
  });

  it('is sent once more, at once, when the connection of earlier ones turns out to be closed', async (test) => {
    const path = socketPath(test);
    const listener = createServer().listen(path);
    await once(listener, 'listening');
    test.after(() => listener.close());
    const sockets: Socket[] = [];
    const topics: number[] = [];
    listener.on('connection', (socket) => {
      sockets.push(socket);
      const peer = new RawPeer(socket);
      void (async () => {
        for (let count = 0; ; count += 1) {
          const frame = await peer.next();
          if (frame === undefined) return;
          // The first connection takes one event, and breaks with the next.
          if (sockets.length === 1 && count === 1) {
            socket.destroy();
            return;
          }
          topics.push(sockets.length);
          peer.send(frame.streamId, 2, 0);
        }
      })();
    });
    const { forward } = forwarderTo(test, path);
    await forward(envelope('/tasks/one'));
    await forward(envelope('/tasks/two'));
    assert.deepEqual(topics, [1, 2]);
    for (const socket of sockets) socket.destroy();
  });

  it('is not sent again when containerd refuses it', async (test) => {
    const containerd = await new Containerd(test).start();
    let tries = 0;
    containerd.take = () => {
      tries += 1;
      throw new StatusError(Code.InvalidArgument, 'topic: invalid');
    };
    const { forward } = forwarderTo(test, containerd.path);
    await assert.rejects(forward(envelope('/x')), { code: Code.InvalidArgument, message: 'topic: invalid' });
    assert.equal(tries, 1);
  });

  it('is given up after 5 s without an answer', async (test) => {
    const containerd = await new Containerd(test).start();
    const taken = new Promise<void>((resolve) => {
      containerd.take = () => {
        resolve();
        return new Promise(() => undefined);
      };
    });
    test.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    const forwarding = forwarderTo(test, containerd.path).forward(envelope('/tasks/exit'));
    await taken;
    test.mock.timers.tick(5000);
    await assert.rejects(forwarding, { code: Code.DeadlineExceeded });
  });
});
