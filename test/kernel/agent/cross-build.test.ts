import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { projectRoot } from '../bindings/project-root.js';
import { readProgram } from './elf.js';
import { noCompiler } from './programs.js';

/** sysexits(3): there is no cross compiler, nor can it be had. */
const EX_UNAVAILABLE = 69;
// EM_X86_64 and EM_AARCH64 of elf(5)
const machines = { amd64: 62, arm64: 183 } as const;

/** Runs scripts/build-native with a folder of its own, and answers that; undefined if it cannot be done here. */
function build(t: TestContext, ...options: readonly string[]): string | undefined {
  const out = mkdtempSync(join(tmpdir(), 'cross-'));
  t.after(() => {
    rmSync(out, { recursive: true });
  });
  const script = join(projectRoot, 'scripts/build-native');
  const { status, stderr, error } = spawnSync(script, [...options, '--out', out], { encoding: 'utf8' });
  if (status === EX_UNAVAILABLE) {
    t.skip(stderr.trim());
    return undefined;
  }
  assert.equal(status, 0, error?.message ?? stderr);
  return out;
}

describe('native programs for FreeBSD', () => {
  for (const [arch, machine] of Object.entries(machines)) {
    it(`are built on ${arch}, for its dynamic linker`, (t) => {
      const out = build(t, '--freebsd', arch);
      if (out === undefined) return;
      for (const program of ['agent', 'containerd-shim-runc-v2']) {
        const found = readProgram(readFileSync(join(out, program)));
        assert.equal(found.machine, machine);
        assert.equal(found.interpreter, '/libexec/ld-elf.so.1');
        assert.equal(found.freebsd, 1_400_097);
      }
    });

    it(`are built on ${arch} without any libc, for 12 and later`, (t) => {
      const out = build(t, '--freebsd', arch, '--freestanding');
      if (out === undefined) return;
      for (const program of ['agent', 'inmate']) {
        const found = readProgram(readFileSync(join(out, program)));
        assert.deepEqual([found.machine, found.interpreter, found.isDynamic], [machine, undefined, false]);
        // What the kernel tells FreeBSD programs by: __FreeBSD_version of the oldest release.
        assert.equal(found.freebsd, 1_200_086);
        assert.deepEqual(found.undefinedSymbols, []);
      }
    });
  }
});

describe('the agent without any libc', { skip: noCompiler }, () => {
  it('is built for this host, and tells what is wrong with its arguments', (t) => {
    const out = build(t, '--freestanding');
    assert.ok(out);
    const path = join(out, 'agent');
    const { interpreter, isDynamic, undefinedSymbols } = readProgram(readFileSync(path));
    assert.deepEqual([interpreter, isDynamic, undefinedSymbols], [undefined, false, []]);
    const { status, stderr } = spawnSync(path, ['fd', 'x'], { encoding: 'utf8' });
    assert.deepEqual([status, stderr], [1, 'agent: not a descriptor\n']);
  });
});

describe('scripts/build-native', () => {
  for (const options of [
    ['--freebsd'],
    ['--freebsd', 'riscv64'],
    ['--sanitize', '--freestanding'],
    ['--static'],
  ]) {
    it(`refuses ${options.join(' ')}`, () => {
      const { status, stderr } = spawnSync(join(projectRoot, 'scripts/build-native'), options, {
        encoding: 'utf8',
      });
      assert.equal(status, 1);
      assert.match(stderr, /^(build-native: .*|usage: scripts\/build-native .*)\n$/);
    });
  }
});
