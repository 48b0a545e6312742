import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fstatSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { notLinux, notRootOnLinux } from '../../kernel/kernels.js';
import { hasReader, Reader } from './client.js';
import { digest, folder, makeFifo, open, randomFile, run } from './fixture.js';

const mebibyte = 2 ** 20;

function output(test: TestContext, name = 'stdout'): string {
  return makeFifo(join(folder(test), name));
}

describe('output of an exec', { skip: notLinux }, () => {
  it('is copied byte for byte at the pace of a slow reader, in little memory', async (test) => {
    const stdout = output(test);
    const source = randomFile(join(folder(test), 'bytes'), 64 * mebibyte);
    const stdio = await open(test, { execId: 'exec', stdout });
    // dd asks for a block only when the one before is hashed and its pause is over.
    const slow = 'for i in 1 2 3 4; do dd bs=64k count=16 iflag=fullblock status=none; sleep 0.05; done; cat';
    const reader = spawn('sh', ['-c', `{ ${slow}; } < "$1" | sha256sum`, 'sh', stdout], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const hash = once(reader.stdout, 'data') as Promise<[Buffer]>;

    let highest = process.memoryUsage.rss();
    const before = highest;
    const sampling = setInterval(() => {
      highest = Math.max(highest, process.memoryUsage.rss());
    }, 5);
    const program = run(test, stdio, 'cat "$1"', source.path);
    await stdio.drained;
    clearInterval(sampling);
    assert.equal((await hash)[0].toString().split(' ')[0], source.digest);
    assert.equal(await program.ended, 0);
    const grown = (highest - before) / mebibyte;
    test.diagnostic(`memory grew by ${grown.toFixed(1)} MiB`);
    assert.ok(grown < 16, `memory grew by ${grown.toFixed(1)} MiB`);
  });

  it('of a stalled reader does not hold up another', async (test) => {
    const source = randomFile(join(folder(test), 'bytes'), mebibyte);
    const paths = Array.from({ length: 6 }, (_, index) => output(test, `stalled-${index}`));
    const stalled = await Promise.all(paths.map((stdout) => open(test, { execId: 'exec', stdout })));
    const programs = stalled.map((stdio) => run(test, stdio, 'cat "$1"', source.path));

    const stdout = output(test);
    const live = await open(test, { execId: 'exec', stdout });
    const reader = new Reader(test, stdout);
    run(test, live, 'cat "$1"', source.path);
    assert.equal(digest(await reader.toEnd()), source.digest);
    await live.drained;

    for (const [index, path] of paths.entries()) {
      assert.equal(digest(await new Reader(test, path).toEnd()), source.digest);
      assert.equal(await programs[index]?.ended, 0);
    }
    await Promise.all(stalled.map(({ drained }) => drained));
  });

  it('goes on with the next client where the last one left', async (test) => {
    const stdout = output(test);
    const gate = output(test, 'gate');
    const stdio = await open(test, { execId: 'exec', stdout });
    const first = new Reader(test, stdout);
    const program = run(test, stdio, 'echo one; read go < "$1"; echo two', gate);
    await first.until('one\n');
    await first.leave();
    await once(spawn('sh', ['-c', 'echo go > "$1"', 'sh', gate]), 'exit');
    assert.equal(await program.ended, 0);
    await stdio.drained;
    const second = new Reader(test, stdout);
    await second.until('two\n');
    assert.equal(second.text, 'two\n');
  });

  it('is cut by close, while a grandchild still holds it', async (test) => {
    const stdout = output(test);
    const stderr = output(test, 'stderr');
    const stdio = await open(test, { execId: 'exec', stdout, stderr });
    const [out, err] = [new Reader(test, stdout), new Reader(test, stderr)];
    const program = run(test, stdio, 'sleep 1000 & echo done; echo done >&2');
    assert.equal(await program.ended, 0);
    await Promise.all([out.until('done\n'), err.until('done\n')]);
    assert.equal(out.isEnded, false);
    assert.equal(await settled(stdio.drained), false);
    await stdio.close();
    await stdio.drained;
    assert.equal((await out.toEnd()).toString(), 'done\n');
    assert.equal((await err.toEnd()).toString(), 'done\n');
  });

  it('is cut by close, while nobody reads it', async (test) => {
    const stdout = output(test);
    const stdio = await open(test, { execId: 'exec', stdout });
    const program = run(test, stdio, 'exec cat /dev/zero');
    const [, pipe] = stdio.child ?? [];
    assert.ok(pipe !== undefined);
    await stdio.close();
    assert.throws(() => fstatSync(pipe), { code: 'EBADF' });
    assert.equal(await program.ended, 'SIGPIPE');
    assert.equal(hasReader(stdout), false);
  });

  it('comes through pipes that belong to the owner', { skip: notRootOnLinux }, async (test) => {
    const stdout = output(test);
    const stdio = await open(test, { execId: 'exec', stdout, owner: { uid: 1234, gid: 5678 } });
    const reader = new Reader(test, stdout);
    run(test, stdio, 'stat -L -c %u:%g /proc/$$/fd/1 /proc/$$/fd/2 /proc/$$/fd/0 "$1"', stdout);
    assert.equal((await reader.toEnd()).toString(), '1234:5678\n0:0\n0:0\n0:0\n');
  });
});

/** Whether a promise is settled by the time that everything now pending in the event loop was served. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  const turn = new Promise<boolean>((resolve) => setImmediate(resolve, false));
  return Promise.race([promise.then(() => true), turn]);
}
