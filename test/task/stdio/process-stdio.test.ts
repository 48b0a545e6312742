import assert from 'node:assert/strict';
import { constants, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { statusFlags } from '../../../src/kernel/linux/descriptor.js';
import { openDescriptors } from '../../kernel/descriptors.js';
import { notLinux } from '../../kernel/kernels.js';
import { Reader, Writer } from './client.js';
import { createAndStart, digest, folder, kernel, makeFifo, open, randomFile, run } from './fixture.js';

const mebibyte = 2 ** 20;

/** FIFOs of a client for one process. */
function fifos(test: TestContext): { stdin: string; stdout: string; stderr: string } {
  const path = folder(test);
  return {
    stdin: makeFifo(join(path, 'stdin')),
    stdout: makeFifo(join(path, 'stdout')),
    stderr: makeFifo(join(path, 'stderr')),
  };
}

describe('stdio of an init process', { skip: notLinux }, () => {
  it('connects the three streams, and ends them with the process, not with Delete', async (test) => {
    const paths = fifos(test);
    const stdio = await open(test, paths);
    const [stdout, stderr] = [new Reader(test, paths.stdout), new Reader(test, paths.stderr)];
    const program = await createAndStart(test, stdio, 'read line; echo "out $line"; echo "err $line" >&2');
    await new Writer(test, paths.stdin).write('hello\n');
    assert.equal((await stdout.toEnd()).toString(), 'out hello\n');
    assert.equal((await stderr.toEnd()).toString(), 'err hello\n');
    assert.equal(await program.ended, 0);
    await stdio.drained;
  });

  it('moves 64 MiB each way, byte for byte', async (test) => {
    const paths = fifos(test);
    const there = randomFile(join(folder(test), 'there'), 64 * mebibyte);
    const back = randomFile(join(folder(test), 'back'), 64 * mebibyte);
    const stdio = await open(test, paths);
    const [stdout, stderr] = [new Reader(test, paths.stdout), new Reader(test, paths.stderr)];
    await createAndStart(test, stdio, `cat ${back.path} & sha256sum >&2; wait`);
    const stdin = new Writer(test, paths.stdin);
    await stdin.write(readFileSync(there.path));
    await stdin.leave();
    stdio.closeStdin();
    assert.equal(digest(await stdout.toEnd()), back.digest);
    assert.equal((await stderr.toEnd()).toString().split(' ')[0], there.digest);
  });

  it('goes on when clients go away, and the next ones miss nothing', async (test) => {
    const paths = fifos(test);
    const stdio = await open(test, paths);
    const firstReader = new Reader(test, paths.stdout);
    const script = 'while read line; do echo "got $line"; echo "$line" >&2; done; echo end';
    const program = await createAndStart(test, stdio, script);
    const stderr = new Reader(test, paths.stderr);

    const firstWriter = new Writer(test, paths.stdin);
    await firstWriter.write('one\n');
    await firstReader.until('got one\n');
    await firstReader.leave();
    await firstWriter.write('two\n');
    await stderr.until('two\n');
    await firstWriter.leave();

    const secondWriter = new Writer(test, paths.stdin);
    await secondWriter.write('three\n');
    await stderr.until('three\n');
    const secondReader = new Reader(test, paths.stdout);
    await secondReader.until('got three\n');
    await secondWriter.leave();
    stdio.closeStdin();
    stdio.closeStdin();
    assert.equal((await secondReader.toEnd()).toString(), 'got two\ngot three\nend\n');
    assert.equal(await program.ended, 0, 'no SIGPIPE while nobody read');
  });

  it('keeps the output of a process that is gone until close', async (test) => {
    const paths = fifos(test);
    const stdio = await open(test, paths);
    assert.equal(await run(test, stdio, 'echo kept').ended, 0);
    const late = new Reader(test, paths.stdout);
    await late.until('kept\n');
    await stdio.close();
  });

  it('leaves an attached client what it did not read yet at close', async (test) => {
    const paths = fifos(test);
    const stdio = await open(test, paths);
    const reader = new Reader(test, paths.stdout);
    await run(test, stdio, 'echo last words').ended;
    await stdio.close();
    assert.equal((await reader.toEnd()).toString(), 'last words\n');
  });

  it('has blocking descriptors for the process, which no copy of the shim shares', async (test) => {
    const paths = fifos(test);
    const stdio = await open(test, paths);
    assert.deepEqual(
      stdio.child?.map((fd) => statusFlags(kernel, fd) & constants.O_NONBLOCK),
      [0, 0, 0],
    );
    const files = openDescriptors().map((line) => line.split(' ')[1]);
    // One for the process and one to keep each output; the input gets its second one from keepInput().
    assert.deepEqual(
      [paths.stdin, paths.stdout, paths.stderr].map((path) => files.filter((file) => file === path).length),
      [1, 2, 2],
    );
    await stdio.keepInput();
    stdio.releaseChildEnds();
    const kept = openDescriptors().map((line) => line.split(' ')[1]);
    assert.deepEqual(
      [paths.stdin, paths.stdout, paths.stderr].map((path) => kept.filter((file) => file === path).length),
      [1, 1, 1],
    );
  });

  it('takes /dev/null for empty strings, and stderr alone', async (test) => {
    const { stderr: path } = fifos(test);
    const stdio = await open(test, { stderr: path });
    const stderr = new Reader(test, path);
    run(test, stdio, 'links=$(readlink /proc/$$/fd/0 /proc/$$/fd/1); echo "$links" >&2; cat; echo unseen');
    assert.equal((await stderr.toEnd()).toString(), '/dev/null\n/dev/null\n');
  });

  it('takes one path for both outputs, in the order of writing', async (test) => {
    const { stdout: path } = fifos(test);
    for (const execId of ['', 'exec']) {
      const stdio = await open(test, { execId, stdout: path, stderr: path });
      const reader = new Reader(test, path);
      run(test, stdio, 'for i in 1 2 3; do echo out $i; echo err $i >&2; done');
      assert.equal((await reader.toEnd()).toString(), 'out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n');
      await stdio.close();
    }
  });

  it('appends to a regular file', async (test) => {
    const path = join(folder(test), 'log');
    writeFileSync(path, 'before\n');
    const stdio = await open(test, { stdout: path, stderr: path });
    await run(test, stdio, 'echo out; echo err >&2').ended;
    assert.equal(readFileSync(path, 'utf8'), 'before\nout\nerr\n');
  });
});

describe('the end of the input', { skip: notLinux }, () => {
  it('comes with CloseIO only, when no client has come yet', async (test) => {
    const paths = fifos(test);
    const stdio = await open(test, paths);
    const reader = new Reader(test, paths.stdout);
    await createAndStart(test, stdio, 'cat; echo end');
    for (const text of ['first\n', 'second\n']) {
      await writeAndLeave(test, paths.stdin, text);
      await reader.until(text);
    }
    stdio.closeStdin();
    assert.equal((await reader.toEnd()).toString(), 'first\nsecond\nend\n');
  });

  it('waits for the client that has the input open when CloseIO comes', async (test) => {
    const paths = fifos(test);
    const stdio = await open(test, paths);
    const reader = new Reader(test, paths.stdout);
    const writer = new Writer(test, paths.stdin);
    await createAndStart(test, stdio, 'cat; echo end');
    stdio.closeStdin();
    await writer.write('after CloseIO\n');
    await reader.until('after CloseIO\n');
    await writer.leave();
    assert.equal((await reader.toEnd()).toString(), 'after CloseIO\nend\n');
  });

  it('stands, when the client wrote all and left before it was told of the process', async (test) => {
    const paths = fifos(test);
    const stdio = await open(test, paths);
    const reader = new Reader(test, paths.stdout);
    await writeAndLeave(test, paths.stdin, 'all of it\n');
    await createAndStart(test, stdio, 'cat; echo end');
    assert.equal((await reader.toEnd()).toString(), 'all of it\nend\n');
  });

  it('may be asked for before the process exists', async (test) => {
    const paths = fifos(test);
    const stdio = await open(test, { ...paths, execId: 'exec' });
    const reader = new Reader(test, paths.stdout);
    stdio.closeStdin();
    run(test, stdio, 'cat; echo end');
    await stdio.keepInput();
    assert.equal((await reader.toEnd()).toString(), 'end\n');
  });
});

async function writeAndLeave(test: TestContext, path: string, text: string): Promise<void> {
  const writer = new Writer(test, path);
  await writer.write(text);
  await writer.leave();
}
