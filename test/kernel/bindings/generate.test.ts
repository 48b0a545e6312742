import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { projectRoot } from './project-root.js';

/** sysexits(3): what scripts/generate-bindings needs is not to be had on this machine. */
const EX_UNAVAILABLE = 69;

it('a fresh generation equals the committed bindings, and says what differs between releases', async (t) => {
  const child = spawn(join(projectRoot, 'scripts/generate-bindings'), ['--check'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  const errors: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => output.push(text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  const [status] = (await once(child, 'close')) as [number | null];
  if (status === EX_UNAVAILABLE) {
    t.skip(errors.join('').trim());
    return;
  }
  assert.equal(status, 0, errors.join(''));
  if (process.platform !== 'freebsd') {
    assert.match(
      output.join(''),
      /^syscalls\.setgroups: 80 \(12-amd64 .*\), 595|596 \(15-amd64 15-arm64\)$/m,
    );
  }
});

it('the tables of releases without headers at hand say so', () => {
  for (const file of ['freebsd12-amd64', 'freebsd13-amd64', 'freebsd13-arm64']) {
    const text = readFileSync(join(projectRoot, `src/kernel/bindings/${file}.ts`), 'utf8');
    assert.match(text, /^ {2}headers: '.* what they do not declare is taken to be as in 14',$/m, file);
  }
});
