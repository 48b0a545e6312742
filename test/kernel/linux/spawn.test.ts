import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createPipe } from '../../../src/kernel/linux/pipe.js';
import { reap } from '../../../src/kernel/linux/process.js';
import { spawnProgram } from '../../../src/kernel/linux/spawn.js';
import { openLocalKernel } from '../../../src/kernel/local.js';

const skip = process.platform === 'linux' ? false : 'posix_spawn as glibc has it';

for (const engine of ['koffi', 'ffi-rs'] as const) {
  test(`posix_spawn by ${engine}`, { skip }, async (context) => {
    const kernel = openLocalKernel(engine);
    const directory = mkdtempSync(join(tmpdir(), 'spawn-'));
    after(() => {
      kernel.close();
      rmSync(directory, { recursive: true });
    });
    /** Runs a shell command and gives what it wrote; its exit is awaited by the end of its output. */
    const run = (
      script: string,
      environment: readonly string[] = [],
    ): { output: string; code: number | null } => {
      const pipe = createPipe(kernel);
      const pid = spawnProgram(kernel, {
        file: '/bin/sh',
        argv: ['sh', '-c', script, 'zero', 'first argument'],
        environment,
        directory,
        stdio: ['null', pipe.write, 'null'],
      });
      closeSync(pipe.write);
      const output = readFileSync(pipe.read, 'utf8');
      closeSync(pipe.read);
      for (;;) {
        const exit = reap(kernel, pid);
        if (exit !== undefined) return { output, code: exit.code };
      }
    };

    await context.test('arguments, environment, directory, exit status', () => {
      const { output, code } = run('echo "$1" "$A" "$B"; pwd; exit 7', ['A=one', 'B=two words']);
      assert.deepEqual([output, code], [`first argument one two words\n${directory}\n`, 7]);
    });
    await context.test('no descriptors but three', () => {
      const extra = openSync('/dev/null', 'r');
      const { output } = run(
        'n=0; while [ $n -lt 1000 ]; do [ ! -e /proc/$$/fd/$n ] || echo $n; n=$((n + 1)); done',
      );
      closeSync(extra);
      assert.equal(output, '0\n1\n2\n');
    });
    await context.test('signals are as the program expects them, though Node.js ignores SIGPIPE', () => {
      const { output } = run('grep -E "^Sig(Blk|Ign)" /proc/self/status');
      assert.match(output, /SigBlk:\s+0{16}\nSigIgn:\s+0{16}\n/);
    });
    await context.test('a program that is not there', () => {
      assert.throws(
        () =>
          spawnProgram(kernel, {
            file: '/no/such/program',
            argv: ['x'],
            environment: [],
            directory,
            stdio: ['null', 'null', 'null'],
          }),
        { code: 'ENOENT', object: '/no/such/program' },
      );
    });
    await context.test('a NUL in an argument', () => {
      assert.throws(
        () =>
          spawnProgram(kernel, {
            file: '/bin/sh',
            argv: ['sh', 'a\0b'],
            environment: [],
            directory,
            stdio: ['null', 'null', 'null'],
          }),
        RangeError,
      );
    });
  });
}
