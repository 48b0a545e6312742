import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Process } from '../../src/task/process.js';
import type { Stdio } from '../../src/task/stdio/stdio.js';

const paths = { terminal: false, stdin: '', stdout: '', stderr: '' };
const exit = { status: 7, at: 1 };

/** Notes what a process asks of what it launched, and of its stdio. */
function observed() {
  const process = new Process('sh', paths);
  const seen: string[] = [];
  const launched = {
    pid: 42,
    exited: Promise.resolve(exit),
    signal: () => Promise.resolve(),
    resize: (width: number, height: number) => seen.push(`${width}x${height}`),
  };
  const stdio = { closeStdin: () => seen.push('closed') } as unknown as Stdio;
  return { process, launched, stdio, seen };
}

test('a process is created, running, stopped, and never goes back', () => {
  const { process, launched } = observed();
  assert.deepEqual([process.state, process.pid, process.exit], ['created', 0, undefined]);
  process.launched = launched;
  process.running();
  assert.deepEqual([process.state, process.pid], ['running', 42]);
  process.finish(exit);
  process.running();
  assert.deepEqual([process.state, process.exit], ['stopped', exit]);
  process.finish({ status: 1, at: 2 });
  assert.equal(process.exit, exit);
});

test('everybody who waits gets the first end', async () => {
  const { process } = observed();
  const waiting = [process.ended, process.ended];
  process.finish(exit);
  process.finish({ status: 1, at: 2 });
  process.abandon();
  assert.deepEqual(await Promise.all(waiting), [exit, exit]);
});

test('a process that was abandoned ends with 0, and was never stopped', async () => {
  const { process } = observed();
  process.abandon();
  assert.equal((await process.ended).status, 0);
  assert.deepEqual([process.state, process.exit], ['created', undefined]);
});

test('a size waits for the launch, later ones do not', () => {
  const { process, launched, seen } = observed();
  process.resize(1, 2);
  process.resize(3, 4);
  process.launched = launched;
  assert.deepEqual(seen, []);
  process.running();
  process.resize(5, 6);
  assert.deepEqual(seen, ['3x4', '5x6']);
});

test('a launch without a size leaves the terminal as it is', () => {
  const { process, launched, seen } = observed();
  process.launched = launched;
  process.running();
  assert.deepEqual(seen, []);
});

test('an early end of the input waits for the stdio', () => {
  const { process, stdio, seen } = observed();
  process.closeStdin();
  process.opened(stdio);
  assert.deepEqual(seen, ['closed']);
  process.closeStdin();
  assert.deepEqual(seen, ['closed', 'closed']);
});

test('input that nobody ended stays open', () => {
  const { process, stdio, seen } = observed();
  process.opened(stdio);
  assert.deepEqual(seen, []);
});
