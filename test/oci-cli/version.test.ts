import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isBeyondFirst, knowsVersion } from '../../src/oci-cli/version.js';
import { folder } from '../runtime/folder.js';

for (const [version, beyond] of [
  ['1.0.0', false],
  ['1.0.2-dev', false],
  ['1.1.0', true],
  ['1.3.0', true],
  ['1.10.0-rc.1', true],
] as const) {
  test(`a spec of version ${version} is ${beyond ? '' : 'not '}beyond the first`, () => {
    assert.equal(isBeyondFirst(version), beyond);
  });
}

const printed = (version: string): string => `echo '{"ociVersionMax":"${version}"}'`;
for (const [name, script, version, known] of [
  ['of version 1.0', printed('1.0.2-dev'), '1.3.0', false],
  ['of version 1.0', printed('1.0.2-dev'), '1.0.2', true],
  ['of version 1.1', printed('1.1.0-rc.1'), '1.1.0', true],
  ['of version 1.1', printed('1.1.0-rc.1'), '1.2.1', false],
  ['of version 1.12', printed('1.12.0'), '1.3.0', true],
  ['without features', 'echo unknown command >&2; exit 1', '1.1.0', false],
  ['without features', 'echo unknown command >&2; exit 1', '1.0.0', true],
  ['that says no version', 'echo "{}"', '1.1.0', false],
] as const) {
  test(`a program ${name} ${known ? 'knows' : 'does not know'} ${version}`, async (context) => {
    const file = join(folder(context), 'program');
    writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const program = { name: 'program', file, globalArgs: [], environment: [] };
    assert.equal(await knowsVersion(program, version), known);
  });
}
