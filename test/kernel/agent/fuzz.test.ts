import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { it } from 'node:test';
import { notLinux } from '../kernels.js';
import { agentSources, builds, compile, noCompiler } from './programs.js';

const rounds = 20_000;

it('the agent survives whatever comes over its connection', { skip: notLinux || noCompiler }, (test) => {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
  test.after(() => {
    rmSync(folder, { recursive: true });
  });
  // From build/, where the compiler has put this file, to the source beside it.
  const fuzz = fileURLToPath(new URL('../../../../test/kernel/agent/fuzz.c', import.meta.url));
  const [batch] = agentSources().filter((path) => path.endsWith('agent_batch.c'));
  compile([...builds.sanitized, '-Dsystem_call=batch_call', '-c', batch ?? ''], join(folder, 'batch.o'));
  const others = agentSources('agent_batch.c', 'system_call.c', 'start.c');
  compile([...builds.sanitized, join(folder, 'batch.o'), ...others, fuzz], join(folder, 'fuzz'));
  const seed = process.env['FUZZ_SEED'] ?? String(randomInt(2 ** 31));
  test.diagnostic(`FUZZ_SEED=${seed}`);
  const { stdout, stderr, status } = spawnSync(join(folder, 'fuzz'), [seed, String(rounds)], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, `FUZZ_SEED=${seed}: ${stderr}`);
  const counts = JSON.parse(stdout) as Record<string, number>;
  test.diagnostic(stdout.trim());
  // It got through to the calls, and was refused as well.
  for (const name of ['batches', 'calls', 'answers', 'refusals'])
    assert.ok((counts[name] ?? 0) > rounds, name);
});
