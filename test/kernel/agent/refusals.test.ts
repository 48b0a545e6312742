import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { encodeFrame, frameTypes } from '../../../src/kernel/agent/frame.js';
import { encodeBatch } from '../../../src/kernel/agent/messages.js';
import { linuxSyscalls } from '../../../src/kernel/linux/syscalls.js';
import { notLinux } from '../kernels.js';
import { RawPeer } from './peer.js';
import { compileAgent, noCompiler } from './programs.js';

const numbers = linuxSyscalls[process.arch === 'arm64' ? 'arm64' : 'amd64'];

/** A good batch: an arena of 16 bytes, one fixup, two calls. Its parts lie at 0, 16, 80, 144 and 160. */
function goodBatch(): Buffer {
  const calls = [
    { symbol: 'getpid', args: [] },
    { symbol: 'close', args: [-1, { arena: 0 }, { result: 0 }], mayFail: true },
  ];
  return encodeBatch(
    { arena: new Uint8Array(16), fixups: [{ at: 0, to: 8 }], calls },
    (symbol) => numbers[symbol] ?? 0,
  );
}

/** The good batch with some bytes changed; offset, then the bytes. */
function batchWith(...changes: [offset: number, ...bytes: number[]][]): Buffer {
  const batch = goodBatch();
  for (const [offset, ...bytes] of changes) batch.set(bytes, offset);
  return batch;
}

const u32 = (value: number): number[] => [...Buffer.from(Uint32Array.of(value).buffer)];
const call = (index: number): number => 16 + index * 64;
const fixup = 16 + 2 * 64;

describe('the agent refuses', { skip: notLinux || noCompiler }, () => {
  let path = '';
  let remove = (): void => undefined;
  before(() => {
    ({ path, remove } = compileAgent('sanitized'));
  });
  after(() => {
    remove();
  });

  const { batch, open, fork, run } = frameTypes;
  const wrongLength = /length is not that of its parts/;
  const refusals: [string, type: number, Buffer, code: number, index: number, RegExp][] = [
    ['an unknown frame', 99, Buffer.alloc(0), 1, 0, /unknown type/],
    ['its own kind of frame', frameTypes.answer, Buffer.alloc(0), 1, 0, /unknown type/],
    ['a short OPEN', open, Buffer.alloc(15), 1, 0, /open: wrong length/],
    ['a token where nobody listens', open, Buffer.alloc(16, 1), 1, 0, /no child waits/],
    ['an empty batch', batch, Buffer.alloc(0), 2, 0, /shorter than its header/],
    ['a batch of 15 bytes', batch, Buffer.alloc(15), 2, 0, /shorter than its header/],
    ['a batch that is cut off', batch, goodBatch().subarray(0, -1), 2, 0, wrongLength],
    ['a batch with a byte too many', batch, Buffer.concat([goodBatch(), Buffer.alloc(1)]), 2, 0, wrongLength],
    ['batch flags', batch, batchWith([12, 1]), 2, 0, /batch: unknown flags/],
    ['an arena too large', batch, batchWith([0, ...u32(0x4000001)]), 2, 0, /arena too large/],
    ['an arena of 4 GiB', batch, batchWith([0, ...u32(0xffffffff)]), 2, 0, /arena too large/],
    ['an arena larger than the frame', batch, batchWith([0, ...u32(17)]), 2, 0, wrongLength],
    ['too many fixups', batch, batchWith([4, ...u32(65_537)]), 2, 0, /too many fixups/],
    ['4 Gi fixups', batch, batchWith([4, ...u32(0xffffffff)]), 2, 0, /too many fixups/],
    ['more fixups than are there', batch, batchWith([4, ...u32(3)]), 2, 0, wrongLength],
    ['too many calls', batch, batchWith([8, ...u32(4097)]), 2, 0, /too many calls/],
    ['4 Gi calls', batch, batchWith([8, ...u32(0xffffffff)]), 2, 0, /too many calls/],
    ['more calls than are there', batch, batchWith([8, ...u32(3)]), 2, 0, wrongLength],
    ['a fixup that ends outside', batch, batchWith([fixup, ...u32(9)]), 2, 0, /fixup: outside/],
    ['a fixup far outside', batch, batchWith([fixup, ...u32(0xfffffff9)]), 2, 0, /fixup: outside/],
    ['a fixup to outside', batch, batchWith([fixup + 4, ...u32(17)]), 2, 0, /fixup: outside/],
    ['call flags', batch, batchWith([call(1) + 4, 2]), 2, 1, /call: unknown flags/],
    ['a call that is not zero', batch, batchWith([call(0) + 12, 1]), 2, 0, /call: unknown flags/],
    ['seven arguments', batch, batchWith([call(1) + 5, 7]), 2, 1, /too many arguments/],
    ['255 arguments', batch, batchWith([call(1) + 5, 255]), 2, 1, /too many arguments/],
    ['an unknown kind', batch, batchWith([call(1) + 6, 3]), 2, 1, /unknown kind/],
    ['an address outside', batch, batchWith([call(1) + 24, ...u32(17)]), 2, 1, /outside the arena/],
    ['an address beyond 32 bits', batch, batchWith([call(1) + 28, 1]), 2, 1, /outside the arena/],
    ['its own result', batch, batchWith([call(1) + 32, ...u32(1)]), 2, 1, /comes later/],
    ['a result beyond 32 bits', batch, batchWith([call(1) + 36, 1]), 2, 1, /comes later/],
    ['an argument beyond the count', batch, batchWith([call(0) + 16, 1]), 2, 0, /beyond its count/],
    ['a kind beyond the count', batch, batchWith([call(0) + 6, 1]), 2, 0, /beyond its count/],
    ['clone', batch, batchWith([call(1), ...u32(process.arch === 'arm64' ? 220 : 56)]), 2, 1, /forks/],
    ['a short FORK', fork, Buffer.alloc(7), 1, 0, /fork: wrong length/],
    ['FORK without a connection', fork, Buffer.alloc(8), 4, 0, /no spare connection/],
    ['a short RUN', run, Buffer.alloc(15), 1, 0, /run: wrong length/],
    [
      'a RUN with too much output',
      run,
      Buffer.concat([Buffer.from(u32(0)), Buffer.from(u32(0x100001)), Buffer.alloc(8), goodBatch()]),
      1,
      0,
      /output too large/,
    ],
    [
      'a RUN with a bad batch',
      run,
      Buffer.concat([Buffer.alloc(16), batchWith([12, 1])]),
      2,
      0,
      /batch: unknown flags/,
    ],
    ['a RUN without a batch', run, Buffer.alloc(16), 2, 0, /shorter than its header/],
  ];
  it('what breaks the protocol, and goes on', async (test) => {
    const peer = new RawPeer(path);
    test.after(() => {
      peer.close();
    });
    assert.equal((await peer.next())?.type, frameTypes.hello);
    for (const [what, type, payload, code, index, text] of refusals) {
      peer.sendFrame(type, payload);
      const [gotCode, gotIndex, gotText] = await peer.nextError();
      assert.deepEqual([gotCode, gotIndex], [code, index], what);
      assert.match(gotText, text, what);
      // It serves as before.
      peer.sendFrame(batch, goodBatch());
      const answer = await peer.next();
      assert.equal(answer?.type, frameTypes.answer, what);
      assert.equal(answer.payload.readUInt32LE(4), 2, what);
      assert.equal(answer.payload.readBigInt64LE(16), BigInt(peer.child.pid ?? 0), what);
    }
    const exited = once(peer.child, 'exit');
    peer.stream.end();
    assert.deepEqual(await exited, [0, null]);
  });

  it('a frame with a wrong checksum, and goes on', async (test) => {
    const peer = new RawPeer(path);
    test.after(() => {
      peer.close();
    });
    await peer.next();
    const broken = Buffer.concat(encodeFrame(batch, goodBatch()));
    broken.writeUInt8(1, broken.byteLength - 1);
    peer.send(broken);
    assert.deepEqual(await peer.nextError(), [1, 0, 'frame: wrong checksum']);
    peer.sendFrame(open, Buffer.concat([Buffer.from(u32(1)), Buffer.alloc(12)]));
    assert.equal((await peer.next())?.type, frameTypes.hello);
  });

  const magic = Buffer.from('JAG1');
  const endings: [string, Buffer, string][] = [
    ['what is not its protocol', Buffer.from('GET '), 'frame: no magic'],
    [
      'a frame that is too long',
      Buffer.concat([magic, ...[2, 0x4100001, 0].map((n) => Buffer.from(u32(n)))]),
      'frame: too long',
    ],
    [
      'a frame of 4 GiB',
      Buffer.concat([magic, ...[2, 0xffffffff, 0].map((n) => Buffer.from(u32(n)))]),
      'frame: too long',
    ],
  ];
  for (const [what, bytes, text] of endings) {
    it(`${what}, and exits`, async (test) => {
      const peer = new RawPeer(path);
      test.after(() => {
        peer.close();
      });
      const exited = once(peer.child, 'exit');
      await peer.next();
      peer.send(bytes);
      assert.deepEqual(await peer.nextError(), [1, 0, text]);
      assert.equal(await peer.next(), undefined);
      assert.deepEqual(await exited, [0, null]);
    });
  }

  it('nothing of what comes in pieces, at whatever byte it is cut, and exits where it ends within a frame', async (test) => {
    const frame = Buffer.concat(encodeFrame(batch, goodBatch()));
    const peer = new RawPeer(path);
    test.after(() => {
      peer.close();
    });
    await peer.next();
    for (let cut = 1; cut < frame.byteLength; cut += 7) {
      peer.send(frame.subarray(0, cut));
      peer.send(frame.subarray(cut));
      assert.equal((await peer.next())?.type, frameTypes.answer);
    }
    const exited = once(peer.child, 'exit');
    peer.send(frame.subarray(0, 20));
    peer.stream.end();
    assert.deepEqual(await exited, [0, null]);
  });

  it('a large frame when there is no memory for it, and goes on', async (test) => {
    const hosted = compileAgent('hosted');
    const peer = new RawPeer(hosted.path);
    test.after(() => {
      peer.close();
      hosted.remove();
    });
    await peer.next();
    // RLIMIT_AS
    const arena = Buffer.from(BigUint64Array.of(16n << 20n, 16n << 20n).buffer);
    const calls = [{ symbol: 'setrlimit', args: [9, { arena: 0 }] }];
    peer.sendFrame(
      batch,
      encodeBatch({ arena, fixups: [], calls }, (symbol) => numbers[symbol] ?? 0),
    );
    assert.equal((await peer.next())?.type, frameTypes.answer);
    peer.sendFrame(batch, Buffer.alloc(32 << 20));
    assert.deepEqual(await peer.nextError(), [3, 0, 'frame: no memory for its payload']);
    peer.sendFrame(batch, goodBatch());
    assert.equal((await peer.next())?.type, frameTypes.answer);
  });

  const usages: string[][] = [
    ['fd'],
    ['fd', '99'],
    ['fd', 'x'],
    ['nonsense'],
    ['listen', 'tcp', '1.2.3', '80'],
    ['listen', 'tcp', '1.2.3.256', '80'],
    ['listen', 'tcp', '127.0.0.1', '65536'],
    ['listen', 'tcp', '127.0.0.1', ''],
    ['listen', 'unix', ''],
    ['listen', 'unix', 'x'.repeat(108)],
    ['device', '/no/such/device'],
  ];
  for (const args of usages) {
    it(`to be started as agent ${args.map((word) => word.slice(0, 20)).join(' ')}`, async () => {
      const peer = new RawPeer(path, args);
      peer.stream.resume();
      assert.deepEqual(await once(peer.child, 'exit'), [1, null]);
    });
  }
});
