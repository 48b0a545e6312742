import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { OCI_FEATURES, unpackJson } from '../../../src/proto/any.js';
import { RuntimeInfo } from '../../../src/proto/generated/messages.js';
import { notLinux } from '../../kernel/kernels.js';
import { folder } from '../../task/stdio/fixture.js';
import { type Ended, runRole } from '../program.js';

const limits = { skip: notLinux, timeout: 60_000 };

/** Runs `info` with an OCI runtime that is this shell script. */
async function infoOf(test: TestContext, script: string, config = ''): Promise<Ended> {
  const path = folder(test);
  const program = join(path, 'runtime');
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
  writeFileSync(join(path, 'shim.toml'), `oci_runtime = "${program}"\n${config}`);
  return runRole(['info'], { CONTAINERD_SHIM_JAIL_CONFIG: join(path, 'shim.toml') });
}

describe('info', limits, () => {
  it('prints what the runtime can do, and the version of this program', async (test) => {
    const features = { ociVersionMin: '1.0.0', mountOptions: ['rro'] };
    const { status, stdout, stderr } = await infoOf(
      test,
      `[ "$1" = features ] && echo '${JSON.stringify(features)}'`,
    );
    assert.deepEqual([status, stderr], [0, '']);
    const info = RuntimeInfo.decode(stdout);
    const text = readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8');
    const { version } = JSON.parse(text) as { version: string };
    assert.deepEqual([info.name, info.version?.version], ['io.containerd.runc.v2', version]);
    assert.ok(info.features);
    assert.deepEqual(unpackJson(OCI_FEATURES, info.features), features);
  });

  it('prints no features of a runtime that knows no such command', async (test) => {
    const { status, stdout } = await infoOf(test, 'exit 1');
    assert.equal(status, 0);
    const { features } = RuntimeInfo.decode(stdout);
    assert.ok(features);
    assert.deepEqual(unpackJson(OCI_FEATURES, features), {});
  });

  for (const [why, script, config, message] of [
    ['no JSON', 'echo nonsense', '', /output of runtime features is not JSON/],
    ['nothing', 'exit 0', '', /runtime features printed nothing/],
    ['a configuration with an unknown key', 'exit 0', 'x = 1', /unknown key "x"/],
  ] as const) {
    it(`fails for ${why}, in one line and without output`, async (test) => {
      const { status, stdout, stderr } = await infoOf(test, script, config);
      assert.deepEqual([status, stdout.length], [1, 0]);
      assert.match(stderr, /^containerd-shim-jail: -info: .+\n$/);
      assert.match(stderr, message);
    });
  }

  it('fails without a runtime', async () => {
    const { status, stderr } = await runRole(['info'], { PATH: '/none' });
    assert.equal(status, 1);
    assert.match(stderr, /no OCI runtime: .* not found in \/none/);
  });
});
