import assert from 'node:assert/strict';
import { closeSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { StdioOptions, StdioRequest } from '../../../src/task/stdio/stdio.js';
import { createPipe } from '../../../src/kernel/linux/pipe.js';
import { openPty } from '../../e2e/harness/pty.js';
import { openDescriptors } from '../../kernel/descriptors.js';
import { notLinux } from '../../kernel/kernels.js';
import { folder, kernel, makeFifo, open, run, start } from './fixture.js';

describe('stdio that cannot be opened', { skip: notLinux }, () => {
  it('names the stream and the path, and leaves nothing open', async (test) => {
    const path = folder(test);
    const fifo = makeFifo(join(path, 'fifo'));
    const file = join(path, 'file');
    writeFileSync(file, '');
    const socket = join(path, 'socket');
    const server = createServer().listen(socket);
    test.after(() => server.close());
    await new Promise((resolve) => server.once('listening', resolve));

    const failures: [Partial<StdioRequest>, RegExp][] = [
      [{ stdin: `${path}/none` }, /^stdin: FIFO ".*\/none": ENOENT: no such file or directory$/],
      [{ stdin: file }, /^stdin: ".*\/file" is not a FIFO$/],
      [{ stdin: `file://${fifo}` }, /^stdin: "file:.*\/fifo" is not the path of a FIFO$/],
      [{ stdin: 'fifo' }, /^stdin: "fifo" is not an absolute path$/],
      [{ stdin: fifo, stdout: `${path}/none` }, /^stdout: ".*\/none": ENOENT: no such file or directory$/],
      [{ stdin: fifo, stdout: path }, /^stdout: ".*" is neither a FIFO nor a regular file$/],
      [{ stdin: fifo, stdout: socket }, /^stdout: ".*\/socket" is neither a FIFO nor a regular file$/],
      [{ stdin: fifo, stdout: '/dev/zero' }, /^stdout: "\/dev\/zero" is neither a FIFO nor a regular file$/],
      [{ stdin: fifo, stdout: `${file}/below` }, /^stdout: ".*\/below": ENOTDIR: not a directory$/],
      [
        { stdin: fifo, stdout: `/${'x'.repeat(300)}` },
        /^stdout: "\/x{199}"… \(301 characters\): ENAMETOOLONG: /,
      ],
      [{ stdin: fifo, stdout: `file://${path}` }, /^stdout: file ".*": EISDIR: /],
      [{ stdin: fifo, stdout: `file://${fifo}` }, /^stdout: ".*\/fifo" is not a regular file$/],
      [{ stdin: fifo, stdout: `file://${file}/below/log` }, /^stdout: log directory ".*\/below": ENOTDIR: /],
      [{ stdin: fifo, stdout: 'file:///dev/zero' }, /^stdout: "\/dev\/zero" is not a regular file$/],
      [{ stdin: fifo, stdout: 'http:///x' }, /^stdout: "http:\/\/\/x" has the unknown scheme "http"$/],
      [{ stdin: fifo, stdout: 'binary:///none' }, /^stdout: logger "\/none" failed: ENOENT: /],
    ];
    const stderrFailures: [Partial<StdioRequest>, RegExp][] = [
      [{ stdin: fifo, stdout: fifo, stderr: `${path}/none` }, /^stderr: ".*\/none": ENOENT: /],
      [
        { stdin: fifo, stdout: fifo, stderr: 'binary:///bin/true' },
        /^stderr: only stdout can name a logger$/,
      ],
    ];
    const terminals = failures.map(
      ([request, message]) => [{ ...request, terminal: true }, message] as const,
    );

    await open(test, { stdin: fifo, stdout: fifo, execId: 'exec' }).then((stdio) => stdio.close());
    const before = openDescriptors();
    for (const [request, message] of [...failures, ...stderrFailures, ...terminals]) {
      for (const execId of ['', 'exec']) {
        await assert.rejects(open(test, { execId, ...request }), { message });
      }
    }
    assert.deepEqual(openDescriptors(), before);
  });

  it('leaves nothing open whichever pipe fails', async (test) => {
    const fifo = makeFifo(join(folder(test), 'fifo'));
    const before = openDescriptors();
    const requests: [Partial<StdioRequest>, number][] = [
      [{ execId: 'exec', stdout: fifo, stderr: `fifo://${fifo}` }, 2],
      [{ stdout: 'binary:///bin/true' }, 3],
    ];
    for (const [request, pipes] of requests) {
      for (let good = 0; good < pipes; good++) {
        await assert.rejects(open(test, request, { pipe: failAfter(good) }), /no more pipes/);
      }
    }
    assert.deepEqual(openDescriptors(), before);
  });
});

describe('stdio of many processes', { skip: notLinux }, () => {
  it('leaves nothing open after 200 of each kind', async (test) => {
    const path = folder(test);
    const [stdin, stdout, stderr] = ['stdin', 'stdout', 'stderr'].map((name) => makeFifo(join(path, name)));
    const paths = { stdin: stdin ?? '', stdout: stdout ?? '', stderr: stderr ?? '' };
    const processOf = async (request: Partial<StdioRequest>): Promise<void> => {
      const stdio = await open(test, request);
      await stdio.keepInput();
      await stdio.close();
    };
    const terminalOf = async (request: Partial<StdioRequest>): Promise<void> => {
      const stdio = await open(test, { terminal: true, ...request });
      const { master, slave } = openPty({ rows: 24, columns: 80 });
      stdio.attachTerminal(master, slave);
      await stdio.close();
    };
    const kinds = [
      () => processOf(paths),
      () => processOf({ ...paths, execId: 'exec' }),
      () => processOf({ stdout: `file://${path}/log` }),
      () => terminalOf(paths),
      () => terminalOf({}),
      () => terminalOf({ stdout: `file://${path}/log` }),
      () => assert.rejects(processOf({ ...paths, execId: 'exec', stderr: '/none' })),
    ];
    for (const kind of kinds) await kind();
    const before = openDescriptors();
    for (let round = 0; round < 200; round++) {
      for (const kind of kinds) await kind();
    }
    assert.deepEqual(openDescriptors(), before);
  });

  it('leaves nothing open after processes that ran', async (test) => {
    const path = folder(test);
    const stdout = makeFifo(join(path, 'stdout'));
    const before = openDescriptors();
    for (const execId of ['', 'exec']) {
      const stdio = await open(test, { execId, stdout });
      await run(test, stdio, 'echo hello').ended;
      await stdio.close();
      await stdio.close();
      stdio.releaseChildEnds();
      stdio.closeStdin();
      stdio.processExited();
    }
    const terminal = await open(test, { terminal: true, stdout });
    const { master, slave } = openPty({ rows: 24, columns: 80 });
    const program = start(test, [slave, slave, slave], 'echo hello');
    closeSync(slave);
    terminal.attachTerminal(master);
    await program.ended;
    await terminal.drained;
    await terminal.close();
    assert.deepEqual(openDescriptors(), before);
  });
});

/** A pipe(2) that fails when it was called some times. */
function failAfter(good: number): StdioOptions['pipe'] {
  let calls = 0;
  return () => {
    if (calls++ === good) throw new Error('no more pipes');
    return createPipe(kernel);
  };
}
