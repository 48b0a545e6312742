import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { repository } from './programs.js';

const script = join(repository, 'scripts/build-native');

for (const compiler of ['gcc', 'clang']) {
  const missing = spawnSync(compiler, ['--version']).error !== undefined;
  for (const options of [[], ['--sanitize']]) {
    const name = `${compiler} ${options.join('')} finds nothing to complain of`;
    test(name, { skip: missing ? `there is no ${compiler}` : false }, (context) => {
      const out = mkdtempSync(join(tmpdir(), 'launcher-build-'));
      context.after(() => {
        rmSync(out, { recursive: true });
      });
      const build = (): string =>
        execFileSync(script, [...options, '--out', out], {
          env: { ...process.env, CC: compiler },
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'pipe'],
        });
      assert.equal(build(), '');
      const program = join(out, 'containerd-shim-runc-v2');
      assert.match(execFileSync(program, ['-v'], { encoding: 'utf8' }), /^containerd-shim-jail /);
      // Nothing changed: nothing is built.
      const { mtimeMs } = statSync(program);
      assert.equal(build(), '');
      assert.equal(statSync(program).mtimeMs, mtimeMs);
    });
  }
}
