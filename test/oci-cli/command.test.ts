import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, suite, test, type TestContext } from 'node:test';
import { openLocalKernel } from '../../src/kernel/local.js';
import { peekExited, reap } from '../../src/kernel/linux/process.js';
import { invoke, lastError } from '../../src/oci-cli/command.js';
import { createReaper } from '../../src/oci-cli/reaper.js';
import { notLinux } from '../kernel/kernels.js';
import { folder } from '../runtime/folder.js';

suite('running crun or runc', { skip: notLinux }, () => {
  const kernel = openLocalKernel('koffi');
  const reaper = createReaper({
    peek: () => peekExited(kernel),
    collect: (pid) => {
      const exit = reap(kernel, pid);
      return exit?.code ?? 128 + (exit?.signal ?? 0);
    },
  });
  after(() => {
    reaper.close();
    kernel.close();
  });

  /** Runs a shell script in the place of the program: its second argument is where it logs. */
  async function runScript(context: TestContext, script: string): Promise<string> {
    const path = folder(context);
    const file = join(path, 'program');
    const logPath = join(path, 'log.json');
    writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const program = { name: 'program', file, globalArgs: [], environment: ['A=b'] };
    await invoke({ kernel, reaper }, program, { action: 'create', args: ['create', 'box'], logPath });
    return logPath;
  }

  test('it is given the log, its arguments and the environment, and nothing of the shim', async (context) => {
    const script = '{ echo "$@"; env; pwd; ls /proc/self/fd; } > $2.out';
    const logPath = await runScript(context, script);
    const [args, ...rest] = readFileSync(`${logPath}.out`, 'utf8').trimEnd().split('\n');
    assert.equal(args, `--log ${logPath} --log-format json create box`);
    assert.ok(rest.includes('A=b') && rest.includes('/'), rest.join('\n'));
    assert.ok(!rest.some((line) => line.startsWith('PATH=')), rest.join('\n'));
    // ls itself opens the directory as the next one.
    assert.deepEqual(rest.slice(-4), ['0', '1', '2', '3']);
  });

  for (const [name, script, kind, message] of [
    ['says nothing', 'exit 7', 'failed', 'program ended with status 7'],
    ['is killed', 'kill -KILL $$', 'failed', 'program ended with status 137'],
    ['logs', `echo '{"level":"error","msg":" no such file "}' > $2; exit 1`, 'failed', 'no such file'],
    [
      'finds no room',
      `echo '{"level":"error","msg":"write: no space left on device"}' > $2; exit 1`,
      'exhausted',
      'write: no space left on device',
    ],
    [
      'says as runc does what it did',
      `echo '{"level":"error","msg":"runc create failed: unable to start: exec: \\"x\\": not found"}' > $2; exit 1`,
      'failed',
      'unable to start: exec: "x": not found',
    ],
    [
      'says so as runc does of an exec',
      `echo '{"level":"error","msg":"create failed: no such user"}' > $2; exit 1`,
      'failed',
      'no such user',
    ],
    ['logs what is no JSON', 'echo garbage > $2; exit 3', 'failed', 'program ended with status 3'],
  ] as const) {
    test(`one that ${name} fails`, async (context) => {
      await assert.rejects(runScript(context, script), {
        kind,
        message: `OCI runtime create failed: ${message}`,
      });
    });
  }

  test('one that cannot be executed fails at once', async (context) => {
    const file = join(folder(context), 'none');
    const program = { name: 'none', file, globalArgs: [], environment: [] };
    let told = false;
    const invocation = { action: 'create', args: [], logPath: '/dev/null', spawned: () => (told = true) };
    await assert.rejects(invoke({ kernel, reaper }, program, invocation), {
      message: `posix_spawn: ${file}: ENOENT`,
    });
    assert.equal(told, false);
  });

  test('the log of one that failed is removed', async (context) => {
    const path = folder(context);
    const log = join(path, 'log.json');
    const program = {
      name: 'sh',
      file: '/bin/sh',
      globalArgs: ['-c', `echo '{}' > ${log}; exit 1`],
      environment: [],
    };
    const failed = invoke({ kernel, reaper }, program, { action: 'start', args: [], logPath: log });
    await assert.rejects(failed, { message: 'OCI runtime start failed: sh ended with status 1' });
    assert.equal(existsSync(log), false);
  });
});

for (const [name, text, message] of [
  ['nothing', '', undefined],
  ['warnings', '{"level":"warning","msg":"w"}\n', undefined],
  ['an error', '{"level":"error","msg":"e"}\n', 'e'],
  [
    'several',
    '{"level":"error","msg":"one"}\n{"level":"fatal","msg":"two"}\n{"level":"info","msg":"i"}\n',
    'two',
  ],
  ['one cut off', '{"level":"error","msg":"whole"}\n{"level":"error","msg":"cu', 'whole'],
  ['other types', '{"level":"error","msg":7}\n[]\nnull\n{"level":1,"msg":"x"}\n', undefined],
] as const) {
  test(`the last error of a log with ${name}`, async (context) => {
    const path = join(folder(context), 'log.json');
    writeFileSync(path, text);
    assert.equal(await lastError(path), message);
  });
}

test('the last error of a log that was never written', async (context) => {
  assert.equal(await lastError(join(folder(context), 'none')), undefined);
});
