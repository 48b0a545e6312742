import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { compileInmate, noCompiler, type Build } from './programs.js';

const notLinux = process.platform === 'linux' ? false : 'is about the system calls of Linux';

for (const build of ['hosted', 'sanitized', 'freestanding'] satisfies Build[]) {
  describe(`the test program, ${build}`, { skip: notLinux || noCompiler }, () => {
    let program: ReturnType<typeof compileInmate>;
    before(() => {
      program = compileInmate(build);
    });
    after(() => {
      program.remove();
    });

    /** What it writes, by lines, and its status. */
    function say(words: readonly string[], options: { input?: string; env?: NodeJS.ProcessEnv } = {}) {
      const { status, stdout, stderr } = spawnSync(program.path, words, {
        encoding: 'latin1',
        cwd: '/usr',
        maxBuffer: 1 << 24,
        ...options,
      });
      return { status, lines: stdout.split('\n').slice(0, -1), stderr };
    }

    it('says what it was given', () => {
      const { status, lines } = say(['args', 'env', 'cwd', 'ids', 'exit', '7'], { env: { A: 'b', C: '' } });
      assert.equal(status, 7);
      const args = ['args', 'env', 'cwd', 'ids', 'exit', '7'].map((word) => `arg ${word}`);
      const { getuid, getgid, getgroups } = process;
      assert.deepEqual(lines, [
        `arg ${program.path}`,
        ...args,
        ...['env A=b', 'env C=', 'cwd /usr'],
        `uid ${getuid?.()} ${getuid?.()}`,
        `gid ${getgid?.()} ${getgid?.()}`,
        // Node adds the effective gid.
        ...lines.filter((line) => /^groups( \d+)*$/.test(line)),
      ]);
      const groups = lines.at(-1)?.split(' ').slice(1).map(Number) ?? [];
      assert.deepEqual(new Set([...groups, getgid?.()]), new Set([...(getgroups?.() ?? []), getgid?.()]));
    });

    it('says what it sees', () => {
      const { status, lines } = say(['host', 'limits', 'mounts', 'interfaces', 'terminal']);
      assert.equal(status, 0);
      assert.equal(lines[0], `host ${hostname()}`);
      assert.ok(lines.some((line) => /^limit nofile (\d+|unlimited) (\d+|unlimited)$/.test(line)));
      assert.ok(lines.some((line) => / \/ r[ow]$/.test(line) && line.startsWith('mount ')));
      // A machine may have no interface, but this says it if it has one with an address.
      for (const line of lines.filter((each) => each.startsWith('interface '))) {
        assert.match(line, /^interface [^ ]+( \d+\.\d+\.\d+\.\d+)?$/);
      }
      assert.equal(lines.at(-1), 'terminal errno 25');
    });

    it('copies, writes, makes and opens', () => {
      const path = `${program.path}.made`;
      const words = ['read', 'create', path, 'create', path, 'open', path, 'open', '/no/file'];
      const { lines } = say([...words, 'write', '100'], { input: 'one\ntwo' });
      assert.ok(existsSync(path));
      rmSync(path);
      const results = [`create ${path} done 0`, `create ${path} errno 17`, `open ${path} done 0`];
      assert.deepEqual(lines.slice(0, -2), ['one', 'two', ...results, 'open /no/file errno 2']);
      assert.equal(lines.slice(-2).join('\n').length + 1, 100);
      assert.equal(say(['write', '1000000']).lines.join('\n').length + 1, 1_000_000);
    });

    it('has children and orphans, which stay', async () => {
      const child = spawn(program.path, ['children', '2', 'orphans', '1', 'exit', '4'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const exited = once(child, 'exit');
      const output = createInterface(child.stdout);
      const closed = once(output, 'close');
      const pids: number[] = [];
      output.on('line', (line) => {
        pids.push(Number(/^child (\d+)$/.exec(line)?.[1]));
      });
      assert.deepEqual(await exited, [4, null]);
      while (pids.length < 3) await once(output, 'line');
      // Its output ends with those that have it open.
      for (const pid of pids) process.kill(pid, 'SIGTERM');
      await closed;
      assert.equal(new Set(pids).size, 3);
    });

    it('waits for a signal, or is ended by it', async () => {
      for (const [words, ended] of [
        [
          ['wait', '15', 'exit', '3'],
          [3, null],
        ],
        [
          ['write', '1', 'stay'],
          [null, 'SIGTERM'],
        ],
        [
          ['write', '1', 'sleep', '1000000'],
          [null, 'SIGTERM'],
        ],
      ] as const) {
        const child = spawn(program.path, words, { stdio: ['ignore', 'pipe', 'inherit'] });
        const exited = once(child, 'exit');
        await once(createInterface(child.stdout), 'line');
        child.kill('SIGTERM');
        assert.deepEqual(await exited, ended);
      }
    });

    it('refuses what it does not know', () => {
      for (const words of [['nothing'], ['exit'], ['exit', 'x'], ['wait', '65'], ['open'], ['write', '-1']]) {
        const { status, stderr } = say(words);
        assert.equal(status, 64);
        assert.match(stderr, /^usage: inmate /);
      }
    });
  });
}
