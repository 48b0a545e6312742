import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Socket } from 'node:net';
import { Duplex, PassThrough } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { ReadStream } from 'node:tty';
import { encodeFrame, frameTypes } from '../../../src/kernel/agent/frame.js';
import { connectAgent, openDeviceAgent } from '../../../src/kernel/agent/start.js';
import { decodeStatus } from '../../../src/kernel/linux/process.js';
import { becomeListener } from '../../conformance/harness/become-listener.js';
import { notLinux, notRootOnLinux } from '../kernels.js';
import { busybox, execve, make, noBusybox, plainCall } from './launch.js';
import { openPty, openTerminal } from './pty.js';
import { RawPeer } from './peer.js';
import { compileAgent, noCompiler } from './programs.js';

const limits = { milliseconds: 20_000, outputLimit: 65_536 };
const kernelMessage = Buffer.from('JAG pid 12 (sh), jid 0, uid 0: exited on signal 11\r\nJA');

describe('an agent on a device', { skip: notLinux || noCompiler || noBusybox }, () => {
  let path = '';
  let remove = (): void => undefined;
  before(() => {
    ({ path, remove } = compileAgent('sanitized'));
  });
  after(() => {
    remove();
  });

  it('serves a terminal, passing all bytes on', async (test) => {
    const { master, name } = openPty();
    const slave = openSync(name, openTerminal);
    const child = spawn(path, ['device', '3'], { stdio: ['ignore', 'inherit', 'inherit', slave] });
    closeSync(slave);
    const line = new ReadStream(master);
    test.after(() => {
      child.kill('SIGKILL');
      line.destroy();
    });
    const agent = await openDeviceAgent(line);
    // Each byte, in both directions; a terminal that is not raw would change or act on many of them.
    const arena = Uint8Array.from({ length: 4096 }, (_, index) => index % 256);
    for (let round = 0; round < 10; round++) {
      const answer = await agent.run({ arena, fixups: [], calls: [{ symbol: 'getpid', args: [] }] });
      assert.deepEqual(answer.arena, arena);
      assert.equal(answer.results[0]?.value, BigInt(child.pid ?? 0));
    }
    const ran = await agent.runChild(execve(busybox, ['echo', 'over the line']), limits);
    assert.equal(ran.output.toString(), 'over the line\n');
    await assert.rejects(agent.fork(), /has no connection for a child/);
    agent.close();
  });

  it('opens the device itself', async (test) => {
    const { master, name } = openPty();
    const child = spawn(path, ['device', name], { stdio: ['ignore', 'inherit', 'inherit'] });
    const line = new ReadStream(master);
    test.after(() => {
      child.kill('SIGKILL');
      line.destroy();
    });
    const agent = await openDeviceAgent(line);
    assert.equal(agent.pid, child.pid);
    agent.close();
  });

  it('becomes one that listens, in the same process', async (test) => {
    const { master, name } = openPty();
    const child = spawn(path, ['device', name], { stdio: ['ignore', 'inherit', 'inherit'] });
    const line = new ReadStream(master);
    test.after(() => {
      child.kill('SIGKILL');
      line.destroy();
    });
    const agent = await openDeviceAgent(line);
    const there = { program: path, device: name, address: '127.0.0.1', port: 0 };
    // What cannot be executed leaves it as it is.
    await assert.rejects(
      becomeListener(agent, line, { ...there, program: '/none' }),
      /^Error: \/none: call 10: errno 2$/,
    );
    const port = await becomeListener(agent, line, there);
    const other = await connectAgent({ host: '127.0.0.1', port });
    const { results } = await make(other, plainCall('getppid'));
    assert.equal(results[0]?.value, BigInt(child.pid ?? 0));
    other.close();
    agent.close();
  });

  it('passes over what a kernel prints between frames, and what is no frame', async (test) => {
    const peer = new RawPeer(path, ['device', '3']);
    test.after(() => {
      peer.close();
    });
    assert.equal((await peer.next())?.type, frameTypes.hello);
    peer.send(kernelMessage);
    peer.send(...encodeFrame(frameTypes.open, Buffer.from('01000000'.padEnd(32, '0'), 'hex')));
    assert.equal((await peer.next())?.type, frameTypes.hello);
    peer.send(Buffer.from('JAG1'), Buffer.alloc(12, 0xff));
    assert.deepEqual(await peer.nextError(), [1, 0, 'frame: too long']);
    peer.send(kernelMessage);
    peer.sendFrame(frameTypes.fork, Buffer.alloc(8));
    assert.deepEqual(await peer.nextError(), [4, 0, 'fork: no spare connection is left']);
  });

  it('is found by a client that begins first, and among noise', async (test) => {
    const peer = new RawPeer(path, ['device', '3']);
    test.after(() => {
      peer.close();
    });
    const noisy = noiseAround(peer.stream);
    const agent = await openDeviceAgent(noisy);
    const { results } = await make(agent, plainCall('getpid'));
    assert.equal(results[0]?.value, BigInt(peer.child.pid ?? 0));
    agent.close();
  });
});

describe('the agent as process 1', { skip: notRootOnLinux || noCompiler || noBusybox }, () => {
  let path = '';
  let remove = (): void => undefined;
  before(() => {
    ({ path, remove } = compileAgent('freestanding'));
  });
  after(() => {
    remove();
  });

  // The kernel's flags, and the device as standard input.
  const asInit = (): RawPeer =>
    new RawPeer('/usr/bin/unshare', [
      ...['--pid', '--fork', '--kill-child', '/bin/sh'],
      ...['-c', 'exec "$0" -s -- <&3 3<&-', path],
    ]);

  it('serves its standard input, and collects orphans', async (test) => {
    const peer = asInit();
    test.after(() => {
      peer.close();
    });
    const agent = await openDeviceAgent(peer.stream);
    assert.equal(agent.pid, 1);
    const script = '(exec sleep 0.1) & echo $!';
    const ran = await agent.runChild(execve(busybox, ['sh', '-c', script]), limits);
    assert.deepEqual(decodeStatus(ran.status), { code: 0, signal: null });
    const orphan = Number(ran.output.toString());
    const alive = async (): Promise<boolean> => {
      const { results } = await agent.run(plainCall('kill', orphan, 0));
      return results[0]?.errno === 0;
    };
    assert.ok(await alive());
    // A zombie can be signalled; one that was collected cannot.
    while (await alive()) continue;
    agent.close();
  });

  it('goes on when nobody is at the other end of its line', async (test) => {
    const peer = asInit();
    test.after(() => {
      peer.close();
    });
    assert.equal((await peer.next())?.payload.readUInt32LE(12), 1);
    // It reads the end of the line, and greets whoever may come to it.
    peer.stream.end();
    assert.equal((await peer.next())?.payload.readUInt32LE(12), 1);
  });
});

/** A stream that carries another one, with what a kernel prints before and after each piece of ours. */
function noiseAround(stream: Socket): Duplex {
  const out = new PassThrough();
  out.on('data', (chunk: Buffer) => {
    // Our frames are written as header and payload.
    const begins = chunk.subarray(0, 4).toString() === 'JAG1';
    stream.write(begins ? Buffer.concat([kernelMessage, chunk]) : chunk);
  });
  const back = new PassThrough();
  back.write(kernelMessage);
  stream.on('data', (chunk: Buffer) => back.write(chunk));
  stream.once('close', () => back.end());
  const both = Duplex.from({ readable: back, writable: out });
  both.once('close', () => stream.destroy());
  return both;
}
