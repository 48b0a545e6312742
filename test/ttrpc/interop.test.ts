import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, suite, test, type TestContext } from 'node:test';
import { createInterface } from 'node:readline';
import { createClient, type Client } from '../../src/ttrpc/client.js';
import { FrameType } from '../../src/ttrpc/frame.js';
import { MESSAGE_LENGTH_MAX } from '../../src/ttrpc/limits.js';
import { createServer } from '../../src/ttrpc/server.js';
import { ClosedError, Code } from '../../src/ttrpc/status.js';
import { buildGoProgram, whyNoGo } from './go-program.js';
import { interopService, methods, serviceName } from './interop.js';
import { collect, listen, RawPeer, socketPath } from './peers.js';

const skip = whyNoGo() ?? false;

suite('with the Go implementation of ttrpc', { skip, timeout: 300_000 }, () => {
  let go: ReturnType<typeof buildGoProgram> | undefined;
  before(() => {
    go = buildGoProgram();
  });
  after(() => {
    go?.remove();
  });

  test('its client is content with our server', async (context) => {
    const { listener, path } = await listen(context);
    const server = createServer([interopService()]);
    server.serve(listener);
    const child = spawn(program(), ['client', path], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    let checks = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      const { name, error } = JSON.parse(line) as { name: string; error?: string };
      await context.test(name, () => {
        assert.equal(error, undefined);
      });
      checks += 1;
    }
    assert.deepEqual(await exited, [0, null]);
    assert.equal(checks, 17);
    await server.shutdown();
  });

  test('unary calls of our client', async (context) => {
    const { client } = await startServer(context);
    for (let size = 0; size < 300; size += 1) {
      const payload = Buffer.alloc(size, size);
      assert.deepEqual(
        Buffer.from(await client.call(serviceName, methods.echo, payload, { timeoutMs: 60_000 })),
        payload,
      );
    }
    assert.deepEqual(await client.call(serviceName, methods.nothing, {}), {});
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        client.call(serviceName, methods.echo, Buffer.alloc(n * 1000, n)),
      ),
    );
    answers.forEach((answer, n) => {
      assert.deepEqual(Buffer.from(answer), Buffer.alloc(n * 1000, n));
    });
    assert.equal(client.pending, 0);
  });

  test('error codes', async (context) => {
    const { client } = await startServer(context);
    for (const code of Object.values(Code)) {
      if (code === Code.OK) continue;
      const message = 'x'.repeat(code);
      await assert.rejects(client.call(serviceName, methods.fail, message), { code, message });
    }
    await assert.rejects(client.call(serviceName, methods.plain, 'plainly'), {
      code: Code.Unknown,
      message: 'plainly',
    });
    await assert.rejects(client.call('no.Such', methods.nothing, {}), { code: Code.Unimplemented });
    await assert.rejects(client.call(serviceName, { ...methods.nothing, name: 'NoSuch' }, {}), {
      code: Code.Unimplemented,
    });
  });

  test('metadata', async (context) => {
    const { client } = await startServer(context);
    const metadata = new Map([
      ['containerd-namespace-ttrpc', ['k8s.io']],
      ['Several', ['one', 'two']],
    ]);
    const value = (name: string): Promise<string> =>
      client.call(serviceName, methods.metadata, name, { metadata });
    assert.equal(await value('containerd-namespace-ttrpc'), 'k8s.io');
    assert.equal(await value('several'), 'one,two');
    assert.equal(await value('none'), '');
  });

  test('deadlines', async (context) => {
    const { client, path } = await startServer(context);
    await assert.rejects(client.call(serviceName, methods.wait, {}, { timeoutMs: 20 }), {
      code: Code.DeadlineExceeded,
    });
    // The server's own answer, seen by a peer that has no clock: timeout_nano is 20 ms.
    const peer = new RawPeer(connect(path));
    context.after(() => peer.socket.destroy());
    const timeout = [0x20, 0x80, 0xda, 0xc4, 0x09];
    const name = (field: number, value: string): number[] => [
      (field << 3) | 2,
      value.length,
      ...Buffer.from(value),
    ];
    peer.send(
      1,
      FrameType.Request,
      0,
      Buffer.from([...name(1, serviceName), ...name(2, 'Wait'), ...timeout]),
    );
    assert.equal((await peer.nextResponse()).code, Code.DeadlineExceeded);
  });

  test('large and oversized messages', async (context) => {
    const { client } = await startServer(context);
    const size = MESSAGE_LENGTH_MAX - 64;
    assert.equal((await client.call(serviceName, methods.echo, Buffer.alloc(size, 1))).length, size);
    assert.equal((await client.call(serviceName, methods.zeros, size)).length, size);
    await assert.rejects(client.call(serviceName, methods.echo, Buffer.alloc(MESSAGE_LENGTH_MAX)), {
      code: Code.ResourceExhausted,
    });
    assert.deepEqual(await client.call(serviceName, methods.nothing, {}), {});
  });

  test('server streaming', async (context) => {
    const { client } = await startServer(context);
    for (const n of [0, 1, 99]) {
      const received = await collect(client.serverStream(serviceName, methods.count, n));
      assert.deepEqual(
        received,
        Array.from({ length: n }, (_, i) => String(i)),
      );
    }
    const received: string[] = [];
    await assert.rejects(
      async () => {
        for await (const message of client.serverStream(serviceName, methods.count, 101))
          received.push(message);
      },
      { code: Code.OutOfRange, message: 'counts to 100' },
    );
    assert.equal(received.length, 100);
    assert.equal(client.pending, 0);
  });

  test('client streaming', async (context) => {
    const { client } = await startServer(context);
    for (const n of [0, 1, 1000]) {
      const parts = Array.from({ length: n }, (_, i) => String(i));
      assert.equal(await client.clientStream(serviceName, methods.join, parts), parts.join(''));
    }
  });

  test('bidirectional streaming', async (context) => {
    const { client } = await startServer(context);
    const said = Array.from({ length: 200 }, (_, i) => 'x'.repeat(i));
    const heard = await collect(client.bidiStream(serviceName, methods.chat, said));
    assert.deepEqual(
      heard,
      said.map((message) => `${message}!`),
    );
    await assert.rejects(collect(client.bidiStream(serviceName, methods.chat, ['fail'])), {
      code: Code.Aborted,
      message: 'as asked',
    });
    assert.equal(client.pending, 0);
  });

  test('the end of the connection', async (context) => {
    const { client, stop } = await startServer(context);
    const failed = assert.rejects(client.call(serviceName, methods.wait, {}), ClosedError);
    await client.call(serviceName, methods.nothing, {});
    await stop();
    await failed;
    await client.closed;
  });

  async function startServer(
    context: TestContext,
  ): Promise<{ client: Client; path: string; stop: () => Promise<unknown> }> {
    const path = socketPath(context);
    const child = spawn(program(), ['server', path], { stdio: ['pipe', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    assert.equal(line, 'ready');
    const client = createClient(path);
    const stop = (): Promise<unknown> => {
      child.kill('SIGKILL');
      return exited;
    };
    context.after(() => {
      client.close();
      return stop();
    });
    return { client, path, stop };
  }

  function program(): string {
    assert.ok(go !== undefined);
    return go.program;
  }
});
