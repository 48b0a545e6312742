import assert from 'node:assert/strict';
import { closeSync, fstatSync, readFileSync, readlinkSync } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setWindowSize } from '../../../src/kernel/linux/terminal.js';
import { openPty } from '../../e2e/harness/pty.js';
import { notLinux } from '../../kernel/kernels.js';
import { Reader, Writer } from './client.js';
import { digest, folder, kernel, makeFifo, open, type Program, randomFile, start } from './fixture.js';

const size = { rows: 24, columns: 80 };

/** A program on a terminal that nobody copies yet. */
function startOnTerminal(
  test: TestContext,
  script: string,
  ...args: string[]
): { program: Program; master: number } {
  const { master, slave } = openPty(size);
  const program = start(test, [slave, slave, slave], script, args);
  closeSync(slave);
  return { program, master };
}

function fifos(test: TestContext): { terminal: true; stdin: string; stdout: string } {
  const path = folder(test);
  return { terminal: true, stdin: makeFifo(join(path, 'stdin')), stdout: makeFifo(join(path, 'stdout')) };
}

describe('stdio of a terminal', { skip: notLinux }, () => {
  it('gives the process nothing, and has no master before there is one', async (test) => {
    const stdio = await open(test, fifos(test));
    assert.equal(stdio.child, undefined);
    assert.equal(stdio.master, undefined);
    stdio.releaseChildEnds();
    await stdio.drained;
  });

  it('hands on 1 MiB that a program writes before it exits', async (test) => {
    const paths = fifos(test);
    const source = randomFile(join(folder(test), 'bytes'), 2 ** 20);
    const stdio = await open(test, paths);
    const { program, master } = startOnTerminal(test, 'stty raw; cat "$1"', source.path);
    stdio.attachTerminal(master);
    const reader = new Reader(test, paths.stdout);
    assert.equal(digest(await reader.toEnd()), source.digest);
    assert.equal(await program.ended, 0);
    await stdio.drained;
    assert.equal(stdio.master, undefined);
  });

  it('hands on what lies in the terminal when the program is gone', async (test) => {
    const paths = fifos(test);
    const stdio = await open(test, paths);
    // More than one read of a terminal gives, less than it holds (n_tty.c, tty_buffer.c): the program ends unread.
    const { program, master } = startOnTerminal(test, 'stty raw; head -c 10000 /dev/zero');
    assert.equal(await program.ended, 0);
    stdio.attachTerminal(master);
    await stdio.drained;
    await new Reader(test, paths.stdout).until('\0'.repeat(10000));
  });

  it('stalls with its client, and goes on with the next', async (test) => {
    const paths = fifos(test);
    const source = randomFile(join(folder(test), 'bytes'), 2 ** 20);
    const first = new Reader(test, paths.stdout);
    const stdio = await open(test, paths);
    const { program, master } = startOnTerminal(
      test,
      'stty raw -echo; echo hello; read go; cat "$1"',
      source.path,
    );
    stdio.attachTerminal(master);
    await first.until('hello\n');
    await first.leave();
    await new Writer(test, paths.stdin).write('go\n');
    const other = await open(test, { terminal: true });
    const second = startOnTerminal(test, 'stty raw; head -c 1000000 /dev/zero');
    other.attachTerminal(second.master);
    assert.equal(await second.program.ended, 0, 'runs while the first is stalled');
    assert.equal(digest(await new Reader(test, paths.stdout).toEnd()), source.digest);
    assert.equal(await program.ended, 0);
    await Promise.all([stdio.drained, other.drained]);
  });

  it('can be resized', async (test) => {
    const paths = fifos(test);
    const stdio = await open(test, paths);
    const reader = new Reader(test, paths.stdout);
    const { master } = startOnTerminal(test, 'stty -echo; stty size; read go; stty size');
    stdio.attachTerminal(master);
    await reader.until('24 80\r\n');
    assert.equal(stdio.master, master);
    setWindowSize(kernel, stdio.master, { rows: 50, columns: 132 });
    await new Writer(test, paths.stdin).write('go\n');
    assert.equal((await reader.toEnd()).toString(), '24 80\r\n50 132\r\n');
  });

  it('takes input from one client after another', async (test) => {
    const paths = fifos(test);
    const stdio = await open(test, paths);
    const reader = new Reader(test, paths.stdout);
    const { program, master } = startOnTerminal(test, 'stty -echo; echo ready; exec cat');
    stdio.attachTerminal(master);
    await reader.until('ready\r\n');
    for (const line of ['one', 'two']) {
      const writer = new Writer(test, paths.stdin);
      await writer.write(`${line}\n`);
      await reader.until(`${line}\r\n`);
      await writer.leave();
    }
    stdio.closeStdin();
    stdio.closeStdin();
    assert.equal(await program.ended, 0);
    assert.equal((await reader.toEnd()).toString(), 'ready\r\none\r\ntwo\r\n');
  });

  for (const last of ['line\n', 'no newline']) {
    it(`ends the input after ${JSON.stringify(last)}, and hands on what follows`, async (test) => {
      const paths = fifos(test);
      const stdio = await open(test, paths);
      const reader = new Reader(test, paths.stdout);
      const { program, master } = startOnTerminal(test, 'stty -echo; echo ready; cat; echo the end');
      stdio.attachTerminal(master);
      await reader.until('ready\r\n');
      const writer = new Writer(test, paths.stdin);
      await writer.write(last);
      stdio.closeStdin();
      await writer.leave();
      assert.equal(await program.ended, 0);
      assert.equal((await reader.toEnd()).toString(), `ready\r\n${last.replace('\n', '\r\n')}the end\r\n`);
    });
  }

  it('waits for nobody when a program does not read what is typed', async (test) => {
    const paths = fifos(test);
    const stdio = await open(test, paths);
    const reader = new Reader(test, paths.stdout);
    const typed = randomFile(join(folder(test), 'typed'), 2 ** 20);
    const gate = makeFifo(join(folder(test), 'gate'));
    const script = 'stty raw -echo; echo ready; read go < "$1"; head -c 1048576 | sha256sum';
    const { program, master } = startOnTerminal(test, script, gate);
    stdio.attachTerminal(master);
    await reader.until('ready\n');
    const writer = new Writer(test, paths.stdin);
    const written = writer.write(readFileSync(typed.path));
    // The shim is alive while the terminal is full: it serves another one from start to end.
    const other = await open(test, { terminal: true });
    const second = startOnTerminal(test, 'echo hello');
    other.attachTerminal(second.master);
    await other.drained;
    await openGate(gate);
    await written;
    await reader.until(typed.digest);
    assert.equal(await program.ended, 0);
  });

  it('writes to a file', async (test) => {
    const path = join(folder(test), 'logs', 'box.log');
    const source = randomFile(join(folder(test), 'bytes'), 2 ** 18);
    const stdio = await open(test, { terminal: true, stdout: `file://${path}`, stderr: 'ignored' });
    const { master } = startOnTerminal(test, 'stty raw; cat "$1"', source.path);
    stdio.attachTerminal(master);
    await stdio.drained;
    assert.equal(digest(readFileSync(path)), source.digest);
  });

  it('is cut by close, while a process still holds it', async (test) => {
    const paths = fifos(test);
    const stdio = await open(test, paths);
    const reader = new Reader(test, paths.stdout);
    const { program, master } = startOnTerminal(test, 'trap "" HUP; sleep 1000 & echo done');
    stdio.attachTerminal(master);
    assert.equal(await program.ended, 0);
    await reader.until('done\r\n');
    await stdio.close();
    await stdio.drained;
    assert.equal((await reader.toEnd()).toString(), 'done\r\n');
    assert.equal(stdio.master, undefined);
    assert.throws(() => fstatSync(master), { code: 'EBADF' });
  });

  it('closes a master that comes when it is closed, or when there is one already', async (test) => {
    const stdio = await open(test, { terminal: true });
    const first = startOnTerminal(test, 'sleep 1000');
    stdio.attachTerminal(first.master);
    const closed = await open(test, { terminal: true });
    await closed.close();
    for (const [refusing, message] of [
      [stdio, /was attached before/],
      [closed, /was closed before/],
    ] as const) {
      const { master, slave } = openPty(size);
      assert.throws(() => {
        refusing.attachTerminal(master, slave);
      }, message);
      assert.throws(() => fstatSync(master), { code: 'EBADF' });
      assert.throws(() => fstatSync(slave), { code: 'EBADF' });
    }
    assert.equal(stdio.master, first.master);
  });

  it('bridges with the slave what a living program holds closed', async (test) => {
    const paths = fifos(test);
    const stdio = await open(test, paths);
    const reader = new Reader(test, paths.stdout);
    const { master, slave } = openPty(size);
    const name = readlinkSync(`/proc/self/fd/${slave}`);
    const gate = makeFifo(join(folder(test), 'gate'));
    const script = 'echo one; exec <&- >&- 2>&-; read go < "$1"; echo two > "$2"';
    const program = start(test, [slave, slave, slave], script, [gate, name]);
    stdio.attachTerminal(master, slave);
    await reader.until('one\r\n');
    // Opening the gate waits until the program reads from it, and has closed the terminal.
    await openGate(gate);
    assert.equal(await program.ended, 0);
    await reader.until('two\r\n');
    assert.equal(reader.isEnded, false);
    stdio.processExited();
    assert.equal((await reader.toEnd()).toString(), 'one\r\ntwo\r\n');
    await stdio.drained;
  });
});

/** Lets a program go on that waits for a line from a FIFO; comes back when it has opened the FIFO. */
async function openGate(path: string): Promise<void> {
  const gate = await openFile(path, 'w');
  await gate.close();
}
