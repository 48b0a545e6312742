import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer as createListener, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createClient } from '../../src/ttrpc/client.js';
import { decodeResponse, encodeErrorResponse, encodeResponseHead } from '../../src/ttrpc/envelope.js';
import { FrameReader, FrameType, HEADER_LENGTH } from '../../src/ttrpc/frame.js';
import { MESSAGE_LENGTH_MAX } from '../../src/ttrpc/limits.js';
import { createServer } from '../../src/ttrpc/server.js';
import { createService, implement } from '../../src/ttrpc/service.js';
import { Code } from '../../src/ttrpc/status.js';
import { request } from './harness.js';
import { rejectWhenAborted } from './interop.js';
import { collect, encodeFrame, listen, RawPeer, socketPath, text } from './peers.js';
import { chooseSeed, Random } from './random.js';

const SEQUENCES = 100_000;
const CLIENT_SEQUENCES = 10_000;
const WORKERS = 16;
/** The stream ids that a sequence has for itself, on a connection that is used for several. */
const STREAMS = 16;
/** What heap and buffers may come to; the run makes hundreds of times as much. */
const MEMORY_MAX = 512 << 20;

const seed = chooseSeed();
const SERVICE = 'test.Service';
const NAMES = ['Echo', 'Hold', 'Count', 'Join', 'Chat'];

function method<K extends string>(kind: K, name: string) {
  return { kind, name, request: text, response: text } as const;
}

/** Services of all kinds; `running` tells how many handlers have not ended. */
function fuzzedService(): { service: ReturnType<typeof createService>; running: () => number } {
  let running = 0;
  const service = createService(SERVICE, [
    implement(method('unary', 'Echo'), (value) => value),
    implement(method('unary', 'Hold'), async (_request, { signal }) => {
      running += 1;
      return rejectWhenAborted(signal).finally(() => (running -= 1));
    }),
    implement(method('server-streaming', 'Count'), async function* (value) {
      for (const letter of value.slice(0, 5)) yield await Promise.resolve(letter);
    }),
    implement(method('client-streaming', 'Join'), async (requests) => {
      running += 1;
      return (await collect(requests).finally(() => (running -= 1))).join();
    }),
    implement(method('bidi-streaming', 'Chat'), async function* (requests) {
      running += 1;
      try {
        for await (const value of requests) yield value;
      } finally {
        running -= 1;
      }
    }),
  ]);
  return { service, running: () => running };
}

function mutate(random: Random, bytes: Uint8Array): Buffer {
  let mutated: Buffer = Buffer.from(bytes);
  for (let changes = random.below(4); changes >= 0; changes -= 1) {
    const at = random.below(mutated.length + 1);
    switch (random.below(5)) {
      case 0:
        if (at < mutated.length) mutated[at] = random.below(256);
        break;
      case 1:
        if (at < mutated.length) mutated[at] = (mutated[at] ?? 0) ^ (1 << random.below(8));
        break;
      case 2:
        mutated = mutated.subarray(0, at);
        break;
      case 3:
        mutated = Buffer.concat([
          mutated.subarray(0, at),
          random.bytes(random.below(12)),
          mutated.subarray(at),
        ]);
        break;
      default:
        mutated = Buffer.concat([mutated, mutated.subarray(at)]);
    }
  }
  return mutated;
}

/** A frame that a client might send, whose header is right, and whose data often are not. */
function clientFrame(random: Random, firstStreamId: number): Buffer {
  const streamId = random.oneIn(10) ? random.below(firstStreamId + 12) : firstStreamId + random.below(12);
  const flags = random.oneIn(10) ? random.below(256) : random.below(8);
  const content = 'x'.repeat(random.below(40));
  const timeoutNano = random.pick([0, 0, 0, -1, 1, 2 ** 62, -(2 ** 62), 1e9]);
  switch (random.below(8)) {
    case 0:
      return encodeFrame(streamId, random.below(256), flags, random.bytes(random.below(60)));
    case 1:
    case 2:
      return encodeFrame(streamId, FrameType.Data, flags, Buffer.from(content));
    default: {
      const name = random.oneIn(10) ? 'Nope' : random.pick(NAMES);
      const data = request(name, content, { timeoutNano });
      return encodeFrame(streamId, FrameType.Request, flags, random.oneIn(2) ? data : mutate(random, data));
    }
  }
}

function memoryUsed(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function runAll(
  sequences: number,
  run: (sequence: number, worker: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  let peak = 0;
  const work = async (worker: number): Promise<void> => {
    while (next < sequences) {
      const sequence = next;
      next += 1;
      try {
        await run(sequence, worker);
      } catch (error) {
        next = sequences;
        throw new Error(`sequence ${sequence} of seed ${seed}`, { cause: error });
      }
      if (sequence % 1000 === 0) peak = Math.max(peak, memoryUsed());
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, (_, worker) => work(worker)));
  assert.ok(peak < MEMORY_MAX, `${peak} bytes of memory are used`);
}

/** Reads on to the answer of the good request. */
async function findAnswer(peer: RawPeer, streamId: number): Promise<void> {
  for (;;) {
    const frame = await peer.next();
    assert.ok(frame !== undefined, 'the server ended the connection');
    if (frame.type !== FrameType.Response) continue;
    const { error, payload } = decodeResponse(frame.data);
    if (frame.streamId !== streamId) continue;
    assert.deepEqual([error, payload.toString()], [undefined, 'still there']);
    return;
  }
}

function announce(context: TestContext): void {
  context.diagnostic(`FUZZ_SEED=${seed}`);
}

test(`the server survives ${SEQUENCES} sequences of bad frames`, { timeout: 600_000 }, async (context) => {
  announce(context);
  const { listener, path } = await listen(context);
  const { service, running } = fuzzedService();
  const server = createServer([service]);
  server.serve(listener);
  const good = createClient(path);
  const question = request('Echo', 'still there');
  const connections: ({ peer: RawPeer; nextStreamId: number } | undefined)[] = [];
  let answered = 0;
  await runAll(SEQUENCES, async (sequence, worker) => {
    const random = new Random(seed + sequence);
    const length = 1 + random.below(8);
    if (random.oneIn(2)) {
      // The frames' boundaries are right: after them, the connection is as good as before.
      const connection = (connections[worker] ??= { peer: new RawPeer(connect(path)), nextStreamId: 1 });
      const { peer, nextStreamId } = connection;
      const frames = Array.from({ length }, () => clientFrame(random, nextStreamId));
      if (random.oneIn(5000))
        frames.push(encodeFrame(1, random.below(5), 0, Buffer.alloc(MESSAGE_LENGTH_MAX + 1)));
      connection.nextStreamId += STREAMS;
      const last = connection.nextStreamId - 2;
      peer.socket.write(Buffer.concat([...frames, encodeFrame(last, FrameType.Request, 0, question)]));
      await findAnswer(peer, last);
      answered += 1;
      if (random.oneIn(50)) {
        peer.socket.destroy();
        connections[worker] = undefined;
      }
    } else {
      const peer = new RawPeer(connect(path));
      const frames = Buffer.concat(Array.from({ length }, () => clientFrame(random, 1)));
      peer.socket.end(random.oneIn(5) ? random.bytes(random.below(200)) : mutate(random, frames));
      while ((await peer.next()) !== undefined);
    }
    assert.equal(await good.call(SERVICE, method('unary', 'Echo'), String(sequence)), String(sequence));
  });
  for (const connection of connections) connection?.peer.socket.destroy();
  assert.ok(answered > SEQUENCES / 3);
  good.close();
  await server.shutdown();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(running(), 0);
});

test(
  `the client survives ${CLIENT_SEQUENCES} sequences of bad answers`,
  { timeout: 600_000 },
  async (context) => {
    announce(context);
    const path = socketPath(context);
    const listener = createListener().listen(path);
    await once(listener, 'listening');
    const waiting: ((socket: Socket) => void)[] = [];
    listener.on('connection', (socket) => waiting.shift()?.(socket));
    await runAll(CLIENT_SEQUENCES, async (sequence) => {
      const random = new Random(seed + sequence);
      const accepted = new Promise<Socket>((resolve) => waiting.push(resolve));
      const client = createClient(path);
      const calls = Promise.allSettled([
        client.call(SERVICE, method('unary', 'Echo'), ''),
        client.clientStream(SERVICE, method('client-streaming', 'Join'), ['a', 'b']),
        collect(client.serverStream(SERVICE, method('server-streaming', 'Count'), '')),
        collect(client.bidiStream(SERVICE, method('bidi-streaming', 'Chat'), ['a', 'b'])),
      ]);
      const peer = new RawPeer(await accepted);
      const answers = Array.from({ length: 1 + random.below(8) }, () => {
        const flags = random.oneIn(10) ? random.below(256) : random.below(8);
        const content = random.oneIn(2) ? Buffer.from('abc') : random.bytes(random.below(30));
        const data = random.pick([
          content,
          Buffer.concat([encodeResponseHead(content.length), content]),
          encodeErrorResponse(Code.NotFound, 'none'),
        ]);
        return encodeFrame(
          random.below(10),
          1 + random.below(4),
          flags,
          random.oneIn(2) ? data : mutate(random, data),
        );
      });
      const bytes = Buffer.concat(answers);
      if (random.oneIn(2)) {
        peer.socket.write(bytes);
        // Boundaries are right, so a good call is answered still.
        const next = client.call(SERVICE, method('unary', 'Echo'), 'next');
        const ok = Buffer.concat([encodeResponseHead(5), Buffer.from('still')]);
        peer.send(9, FrameType.Response, 0, ok);
        const result = await next.catch((error: unknown) => error);
        if (!answers.some((answer) => answer.readUInt32BE(4) === 9)) assert.equal(result, 'still');
        peer.socket.end();
      } else {
        peer.socket.end(mutate(random, bytes));
      }
      await client.closed;
      assert.equal(client.pending, 0);
      await calls;
      peer.socket.destroy();
    });
    listener.close();
  },
);

test('frames are cut alike however their bytes, right or wrong, arrive', (context) => {
  announce(context);
  const random = new Random(seed);
  for (let round = 0; round < 2000; round += 1) {
    const frames = Array.from({ length: random.below(10) }, () => clientFrame(random, 0));
    const bytes = random.oneIn(2) ? Buffer.concat(frames) : mutate(random, Buffer.concat(frames));
    const whole: unknown[] = [];
    reader(whole).push(bytes);
    const pieces: unknown[] = [];
    const piecewise = reader(pieces);
    for (let at = 0; at < bytes.length;) {
      const end = at + 1 + random.below(HEADER_LENGTH * 2);
      piecewise.push(bytes.subarray(at, end));
      at = end;
    }
    assert.deepEqual(pieces, whole);
  }

  function reader(into: unknown[]): FrameReader {
    return new FrameReader({
      frame: (streamId, type, flags, data) => into.push([streamId, type, flags, data.toString('hex')]),
      oversized: (streamId, length) => into.push([streamId, length]),
    });
  }
});
