import assert from 'node:assert/strict';
import { chmodSync, closeSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { isAwaitedByNode } from '../../../src/runtime/children.js';
import type { StdioOptions } from '../../../src/task/stdio/stdio.js';
import { openPty } from '../../e2e/harness/pty.js';
import { notLinux } from '../../kernel/kernels.js';
import { Reader } from './client.js';
import {
  createAndStart,
  digest,
  folder,
  makeFifo,
  open,
  randomFile,
  Reports,
  run,
  start,
} from './fixture.js';

/** Where a logger of these tests puts what it gets, its pid, and its environment. */
interface Logged {
  readonly folder: string;
  readonly uri: string;
  read(name: 'stdout' | 'stderr' | 'environment' | 'arguments' | 'pid' | 'links'): string;
}

/** A logger that first does `prelude`, then copies both streams to files until their ends, then `coda`. */
function logger(test: TestContext, prelude: string, coda = '', scheme = 'binary'): Logged {
  const path = folder(test);
  const program = join(path, 'logger');
  const script = [
    '#!/bin/sh',
    'folder=$2',
    'tr "\\0" "\\n" < /proc/$$/environ > $folder/environment',
    'echo "$*" > $folder/arguments',
    'echo $$ > $folder/pid',
    'links=$(readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2); echo "$links" > $folder/links',
    prelude,
    // The readiness pipe must not be held open by them.
    'cat <&3 > $folder/stdout 5>&- & first=$!',
    'cat <&4 > $folder/stderr 5>&- & second=$!',
    'exec 3<&- 4<&- 5>&-',
    'wait $first $second',
    coda,
  ];
  writeFileSync(program, `${script.join('\n')}\n`);
  chmodSync(program, 0o755);
  return {
    folder: path,
    uri: `${scheme}://${program}?to=${encodeURIComponent(path)}&empty=`,
    read: (name) => readFileSync(join(path, name), 'utf8'),
  };
}

const byte = 'printf x >&5';

const openBoth = (test: TestContext, uri: string, more: Partial<StdioOptions> = {}) =>
  open(test, { stdout: uri, stderr: uri }, more);

describe('a logger', { skip: notLinux }, () => {
  for (const scheme of ['binary', 'binary-v2']) {
    it(`of ${scheme} gets both streams straight from the process, and ends by itself`, async (test) => {
      const log = logger(test, byte, '', scheme);
      const source = randomFile(join(folder(test), 'bytes'), 2 ** 22);
      const stdio = await openBoth(test, log.uri);
      const program = run(test, stdio, 'cat "$1"; echo words >&2', source.path);
      assert.equal(await program.ended, 0);
      await stdio.drained;
      await stdio.close();
      assert.equal(digest(readFileSync(join(log.folder, 'stdout'))), source.digest);
      assert.equal(log.read('stderr'), 'words\n');
    });
  }

  it('gets its arguments, two variables and nothing else of the shim', async (test) => {
    process.env['STDIO_TEST_SECRET'] = 'secret';
    test.after(() => {
      delete process.env['STDIO_TEST_SECRET'];
    });
    const log = logger(test, byte);
    const init = await openBoth(test, log.uri);
    await init.close();
    assert.deepEqual(log.read('environment').trim().split('\n').sort(), [
      'CONTAINER_ID=box',
      'CONTAINER_NAMESPACE=ns',
    ]);
    assert.equal(log.read('arguments'), `to ${log.folder} empty \n`);
    assert.equal(log.read('links'), '/dev/null\n/dev/null\n/dev/null\n');

    const exec = await open(test, { execId: 'exec-1', stdout: log.uri });
    await exec.close();
    assert.match(log.read('environment'), /^CONTAINER_ID=exec-1$/m);
  });

  it('of binary is ready when it closes the pipe; one of binary-v2 has to write', async (test) => {
    const log = logger(test, 'exec 5>&-');
    const stdio = await openBoth(test, log.uri);
    await run(test, stdio, 'echo words').ended;
    await stdio.close();
    assert.equal(log.read('stdout'), 'words\n');

    const strict = logger(test, 'exec 5>&-; exec sleep 1000', '', 'binary-v2');
    await assert.rejects(openBoth(test, strict.uri), {
      message: `stdout: logger "${strict.folder}/logger" closed its readiness pipe without writing to it`,
    });
    assert.equal(isAlive(strict), false);
  });

  it('that does not get ready in time is killed', async (test) => {
    const log = logger(test, 'exec sleep 1000');
    await assert.rejects(openBoth(test, log.uri, { readyTimeoutMs: 300 }), {
      message: `stdout: logger "${log.folder}/logger" was not ready within 300 ms`,
    });
    assert.equal(isAlive(log), false);
  });

  for (const scheme of ['binary', 'binary-v2']) {
    it(`of ${scheme} that dies before it is ready is told of with its status`, async (test) => {
      const limits = { exitGraceMs: 10_000 };
      const failing = logger(test, 'exit 3', '', scheme);
      await assert.rejects(
        openBoth(test, failing.uri, limits),
        /logger ".*" exited with status 3 before it was ready/,
      );
      const killed = logger(test, 'kill -SEGV $$', '', scheme);
      await assert.rejects(openBoth(test, killed.uri, limits), /was killed by SIGSEGV before it was ready/);
    });
  }

  it('may take its time to get ready', async (test) => {
    const gate = makeFifo(join(folder(test), 'gate'));
    const log = logger(test, `read go < ${gate}; ${byte}`);
    const opening = openBoth(test, log.uri);
    // Opening the gate waits until the logger has come to it.
    await writeFile(gate, 'go\n');
    const stdio = await opening;
    await run(test, stdio, 'echo words').ended;
    await stdio.close();
    assert.equal(log.read('stdout'), 'words\n');
  });

  it('is waited for by Node, so that a reaper of orphans leaves it alone', async (test) => {
    const log = logger(test, byte);
    const stdio = await openBoth(test, log.uri);
    const pid = Number(log.read('pid'));
    assert.equal(isAwaitedByNode(pid), true);
    await stdio.close();
    assert.equal(isAwaitedByNode(pid), false);
  });

  it('that cannot be executed is told of', async (test) => {
    const path = folder(test);
    await assert.rejects(openBoth(test, `binary://${path}/none`), /stdout: logger ".*none" failed: ENOENT/);
    writeFileSync(join(path, 'text'), 'text', { mode: 0o644 });
    await assert.rejects(openBoth(test, `binary://${path}/text`), /stdout: logger ".*text" failed: EACCES/);
    const long = 'x'.repeat(2 ** 18);
    await assert.rejects(openBoth(test, `binary:///bin/true?long=${long}`), /logger "\/bin\/true" E2BIG/);
  });

  it('that lingers gets SIGTERM, and that is no error', async (test) => {
    const log = logger(
      test,
      `trap 'kill $!; echo terminated > $folder/stdout; exit 1' TERM; ${byte}`,
      'sleep 1000 & wait',
    );
    const stdio = await openBoth(test, log.uri, { lingerMs: 100 });
    await run(test, stdio, 'true').ended;
    await stdio.close();
    assert.equal(log.read('stdout'), 'terminated\n');
  });

  it('that ignores SIGTERM is killed', async (test) => {
    const reports = new Reports();
    // The shell's exec keeps the ignored signal.
    const log = logger(test, `trap '' TERM; ${byte}`, 'exec sleep 1000');
    const stdio = await openBoth(test, log.uri, { lingerMs: 50, killTimeoutMs: 50, report: reports.report });
    stdio.releaseChildEnds();
    await Promise.all([stdio.close(), stdio.close()]);
    assert.equal(isAlive(log), false);
    assert.deepEqual(reports.messages, [
      `logger "${log.folder}/logger" had to be killed: SIGTERM did not end it`,
    ]);
  });

  it('that dies while its process runs is reported', async (test) => {
    const gate = makeFifo(join(folder(test), 'gate'));
    const log = logger(test, `${byte}; exec 3<&- 4<&-; echo up > ${gate}; exit 4`);
    const reported = new Promise<Error>((resolve) => {
      void openBoth(test, log.uri, { report: resolve }).then(async (stdio) => {
        await readFile(gate);
        return stdio;
      });
    });
    assert.match((await reported).message, /^logger ".*" exited with status 4; output is lost from then on$/);
  });

  it('serves a terminal through the shim', async (test) => {
    const log = logger(test, byte);
    const source = randomFile(join(folder(test), 'bytes'), 2 ** 18);
    const stdio = await open(test, { terminal: true, stdout: log.uri });
    const { master, slave } = openPty({ rows: 24, columns: 80 });
    const program = start(test, [slave, slave, slave], 'stty raw; cat "$1"', [source.path]);
    closeSync(slave);
    stdio.attachTerminal(master);
    await stdio.drained;
    assert.equal(await program.ended, 0);
    await stdio.close();
    assert.equal(digest(readFileSync(join(log.folder, 'stdout'))), source.digest);
    assert.equal(log.read('stderr'), '');
  });

  it('that is gone does not stall a terminal', async (test) => {
    const reports = new Reports();
    const log = logger(test, `${byte}; exit 0`);
    const stdio = await open(test, { terminal: true, stdout: log.uri }, { report: reports.report });
    const { master, slave } = openPty({ rows: 24, columns: 80 });
    const program = start(test, [slave, slave, slave], 'stty raw; head -c 1000000 /dev/zero');
    closeSync(slave);
    stdio.attachTerminal(master);
    assert.equal(await program.ended, 0);
    await stdio.drained;
    assert.equal(reports.messages.length, 1);
    assert.match(reports.messages[0] ?? '', /EPIPE/);
  });

  it('leaves stdin to a client', async (test) => {
    const log = logger(test, byte);
    const stdin = makeFifo(join(folder(test), 'stdin'));
    const stdio = await open(test, { stdin, stdout: log.uri });
    const program = await createAndStart(test, stdio, 'cat');
    writeFileSync(stdin, 'typed\n');
    stdio.closeStdin();
    assert.equal(await program.ended, 0);
    await stdio.close();
    assert.equal(log.read('stdout'), 'typed\n');
  });
});

describe('a log file', { skip: notLinux }, () => {
  it('is made with its folders, and appended to by both streams and execs', async (test) => {
    const path = join(folder(test), 'a', 'b', 'box.log');
    for (const execId of ['', 'exec']) {
      const stdio = await open(test, { execId, stdout: `file://${path}`, stderr: 'not looked at' });
      await run(test, stdio, 'echo out; echo err >&2').ended;
      await stdio.drained;
      await stdio.close();
    }
    assert.equal(readFileSync(path, 'utf8'), 'out\nerr\nout\nerr\n');
  });

  it('is one stream when only stderr names it', async (test) => {
    const path = join(folder(test), 'box.log');
    const fifo = makeFifo(join(folder(test), 'stdout'));
    const stdio = await open(test, { stdout: fifo, stderr: `file://${path}` });
    const reader = new Reader(test, fifo);
    await run(test, stdio, 'echo out; echo err >&2').ended;
    assert.equal((await reader.toEnd()).toString(), 'out\n');
    assert.equal(readFileSync(path, 'utf8'), 'err\n');
  });
});

/** Whether the process that wrote down its pid still runs; a zombie would count too. */
function isAlive(log: Logged): boolean {
  try {
    process.kill(Number(log.read('pid')), 0);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
